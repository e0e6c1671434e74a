import type { Locale } from './locales.ts';
import type { Random } from './random.ts';

export interface Device {
  readonly id: string;
  /** One of Braze's platform names. */
  readonly platform: Platform;
  readonly model: string;
  readonly osVersion: string;
  /** Of the app on this platform. */
  readonly appId: string;
  readonly resolution: string;
  /** Null on devices without a SIM card. */
  readonly carrier: string | null;
  /** Null where the app is no web page. */
  readonly browser: string | null;
  readonly userAgent: string;
  /** What a provider of e-mail makes of the user agent: `mobile`, `tablet` or `desktop` … */
  readonly mailClass: string | null;
  /** … and the name of the system. Null on televisions. */
  readonly mailSystem: string | null;
  readonly sdkVersion: string;
  readonly adId: string | null;
  readonly adIdType: string | null;
  readonly adTracking: boolean | null;
  readonly pushToken: string;
  readonly locale: string;
}

export const PLATFORMS = ['ios', 'android', 'web', 'kindle', 'tvos', 'roku'] as const;
export type Platform = (typeof PLATFORMS)[number];

interface Make {
  readonly models: readonly string[];
  readonly systems: readonly string[];
  readonly resolutions: readonly string[];
  readonly sdk: string;
  readonly adIdType: string | null;
}

const MAKES: Readonly<Record<Platform, Make>> = {
  ios: {
    models: ['iPhone16,2', 'iPhone15,3', 'iPhone14,5', 'iPad13,18'],
    systems: ['18.5', '18.4.1', '17.7', '16.7.11'],
    resolutions: ['1290x2796', '1179x2556', '1640x2360'],
    sdk: '12.0.1',
    adIdType: 'ios_idfa',
  },
  android: {
    models: ['Pixel 9', 'SM-S928B', 'Redmi Note 13', 'SM-A556E'],
    systems: ['Android (S - 31)', 'Android (U - 34)', 'Android (V - 35)'],
    resolutions: ['1080x2424', '1440x3120', '1080x2400'],
    sdk: '36.0.0',
    adIdType: 'google_advertising_id',
  },
  web: {
    models: ['Chrome 137', 'Safari 18', 'Firefox 139', 'Edge 137'],
    systems: ['Mac', 'Windows', 'Linux'],
    resolutions: ['1920x1080', '1440x900', '2560x1440'],
    sdk: '5.9.0',
    adIdType: null,
  },
  kindle: {
    models: ['KFTRPWI', 'KFRAPWI'],
    systems: ['Android (R - 30)'],
    resolutions: ['1200x1920'],
    sdk: '36.0.0',
    adIdType: 'amazon_advertising_id',
  },
  tvos: {
    models: ['AppleTV14,1'],
    systems: ['18.5'],
    resolutions: ['3840x2160'],
    sdk: '12.0.1',
    adIdType: 'ios_idfa',
  },
  roku: {
    models: ['4802X'],
    systems: ['14.5'],
    resolutions: ['1920x1080'],
    sdk: '3.0.0',
    adIdType: 'roku_ad_id',
  },
};

export function deviceOf(
  random: Random,
  { language, country, carriers }: Locale,
  apps: Readonly<Record<string, string>>,
): Device {
  const platform = platformOf(random);
  const make = MAKES[platform];
  const model = random.pick(make.models);
  const osVersion = random.pick(make.systems);
  const mobile = platform === 'ios' || platform === 'android';
  const tracking = make.adIdType !== null && random.chance(0.6);
  return {
    id: random.uuid(),
    platform,
    model,
    osVersion,
    appId: apps[platform] ?? '',
    resolution: random.pick(make.resolutions),
    carrier: mobile && random.chance(0.9) ? random.pick(carriers) : null,
    browser: platform === 'web' ? (model.split(' ')[0] ?? null) : null,
    userAgent: userAgentOf(platform, osVersion, model),
    ...mailDeviceOf(platform, osVersion, model),
    sdkVersion: make.sdk,
    adId: tracking ? random.uuid().toUpperCase() : null,
    adIdType: tracking ? make.adIdType : null,
    adTracking: make.adIdType === null ? null : tracking,
    pushToken: platform === 'ios' ? random.hex(64) : `${random.hex(22)}:APA91b${random.hex(64)}`,
    locale: `${language}_${country}`,
  };
}

function platformOf(random: Random): Platform {
  const share = random.unit();
  if (share < 0.44) return 'ios';
  if (share < 0.8) return 'android';
  if (share < 0.96) return 'web';
  return random.pick(['kindle', 'tvos', 'roku']);
}

function userAgentOf(platform: Platform, osVersion: string, model: string): string {
  if (platform === 'ios')
    return `Mozilla/5.0 (${model.startsWith('iPad') ? 'iPad; CPU OS' : 'iPhone; CPU iPhone OS'} ${osVersion.replaceAll('.', '_')} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148`;
  if (platform === 'web')
    return `Mozilla/5.0 (${osVersion}) AppleWebKit/537.36 (KHTML, like Gecko) ${model.replace(' ', '/')}.0.0.0 Safari/537.36`;
  return `Mozilla/5.0 (Linux; ${model}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36`;
}

function mailDeviceOf(
  platform: Platform,
  osVersion: string,
  model: string,
): Pick<Device, 'mailClass' | 'mailSystem'> {
  switch (platform) {
    case 'ios':
      return model.startsWith('iPad')
        ? { mailClass: 'tablet', mailSystem: 'iPadOS' }
        : { mailClass: 'mobile', mailSystem: 'iOS' };
    case 'android':
      return { mailClass: 'mobile', mailSystem: 'Android' };
    case 'kindle':
      return { mailClass: 'tablet', mailSystem: 'Android' };
    case 'web':
      return { mailClass: 'desktop', mailSystem: osVersion };
    case 'tvos':
    case 'roku':
      return { mailClass: null, mailSystem: null };
  }
}
