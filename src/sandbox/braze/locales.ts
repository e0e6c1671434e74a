/** Where users live and how they are called. Names come with their Latin spelling for e-mail addresses. */
export interface Locale {
  readonly country: string;
  readonly language: string;
  readonly currency: string;
  /** Country code for telephone numbers. */
  readonly dialling: string;
  readonly carriers: readonly string[];
  /** City and IANA time zone. */
  readonly cities: readonly (readonly [string, string])[];
  readonly firstNames: readonly (readonly [string, string])[];
  readonly lastNames: readonly (readonly [string, string])[];
  readonly phrases: readonly string[];
}

const ENGLISH = ['Ava', 'Noah', 'Mia', 'Liam', 'Zoe', 'Ethan', 'Ruby', 'Owen'].map(same);
const ENGLISH_LAST = ['Smith', 'Johnson', 'Taylor', 'Brown', 'Walker', 'Reed'].map(same);

function same(name: string): readonly [string, string] {
  return [name, name.toLowerCase()];
}

const US: Locale = {
  country: 'US',
  language: 'en',
  currency: 'USD',
  dialling: '1',
  carriers: ['Verizon', 'AT&T', 'T-Mobile'],
  cities: [
    ['New York', 'America/New_York'],
    ['Chicago', 'America/Chicago'],
    ['Los Angeles', 'America/Los_Angeles'],
  ],
  firstNames: ENGLISH,
  lastNames: ENGLISH_LAST,
  phrases: ['Yes please 👍', 'STOP', 'What are your opening hours?', 'Thanks, "great" service!'],
};

const GB: Locale = {
  ...US,
  country: 'GB',
  currency: 'GBP',
  dialling: '44',
  carriers: ['EE', 'O2', 'Vodafone UK'],
  cities: [
    ['London', 'Europe/London'],
    ['Leeds', 'Europe/London'],
  ],
};

const DE: Locale = {
  country: 'DE',
  language: 'de',
  currency: 'EUR',
  dialling: '49',
  carriers: ['Telekom.de', 'Vodafone.de', 'o2-de'],
  cities: [
    ['München', 'Europe/Berlin'],
    ['Köln', 'Europe/Berlin'],
  ],
  firstNames: [same('Lena'), same('Emil'), ['Jörg', 'joerg'], ['Käthe', 'kaethe']],
  lastNames: [['Müller', 'mueller'], ['Weiß', 'weiss'], same('Fischer'), same('Krause')],
  phrases: ['Ja, gerne!', 'Größe 42, bitte', 'Wann öffnet ihr?'],
};

const FR: Locale = {
  country: 'FR',
  language: 'fr',
  currency: 'EUR',
  dialling: '33',
  carriers: ['Orange F', 'SFR', 'Bouygues'],
  cities: [
    ['Paris', 'Europe/Paris'],
    ['Besançon', 'Europe/Paris'],
  ],
  firstNames: [same('Louise'), ['Hélène', 'helene'], ['François', 'francois'], same('Hugo')],
  lastNames: [same('Martin'), ['Lefèvre', 'lefevre'], ["L'Hôte", 'lhote']],
  phrases: ['Oui, merci', "J'arrive ce soir", 'Ça marche 🎉'],
};

const BR: Locale = {
  country: 'BR',
  language: 'pt',
  currency: 'BRL',
  dialling: '55',
  carriers: ['Vivo', 'Claro BR', 'TIM'],
  cities: [
    ['São Paulo', 'America/Sao_Paulo'],
    ['Manaus', 'America/Manaus'],
  ],
  firstNames: [['João', 'joao'], ['Inês', 'ines'], same('Rafael'), same('Beatriz')],
  lastNames: [same('Silva'), ['Gonçalves', 'goncalves'], same('Souza')],
  phrases: ['Quero sim!', 'Não, obrigado', 'Qual é o preço?'],
};

const JP: Locale = {
  country: 'JP',
  language: 'ja',
  currency: 'JPY',
  dialling: '81',
  carriers: ['NTT DOCOMO', 'SoftBank', 'KDDI'],
  cities: [
    ['東京', 'Asia/Tokyo'],
    ['大阪', 'Asia/Tokyo'],
  ],
  firstNames: [
    ['陽菜', 'hina'],
    ['蓮', 'ren'],
    ['さくら', 'sakura'],
  ],
  lastNames: [
    ['佐藤', 'sato'],
    ['鈴木', 'suzuki'],
    ['田中', 'tanaka'],
  ],
  phrases: ['はい、お願いします', '営業時間を教えてください', 'ありがとう😊'],
};

const KR: Locale = {
  country: 'KR',
  language: 'ko',
  currency: 'KRW',
  dialling: '82',
  carriers: ['SKTelecom', 'KT', 'LG U+'],
  cities: [
    ['서울', 'Asia/Seoul'],
    ['부산', 'Asia/Seoul'],
  ],
  firstNames: [
    ['지우', 'jiwoo'],
    ['민준', 'minjun'],
    ['서연', 'seoyeon'],
  ],
  lastNames: [
    ['김', 'kim'],
    ['이', 'lee'],
    ['박', 'park'],
  ],
  phrases: ['네, 좋아요', '언제 배송되나요?'],
};

const IN: Locale = {
  country: 'IN',
  language: 'hi',
  currency: 'INR',
  dialling: '91',
  carriers: ['Jio 4G', 'airtel', 'Vi India'],
  cities: [
    ['मुंबई', 'Asia/Kolkata'],
    ['Bengaluru', 'Asia/Kolkata'],
  ],
  firstNames: [['आरव', 'aarav'], ['दीया', 'diya'], same('Priya')],
  lastNames: [['शर्मा', 'sharma'], same('Patel'), same('Nair')],
  phrases: ['हाँ, धन्यवाद', 'कीमत क्या है?'],
};

const AE: Locale = {
  country: 'AE',
  language: 'ar',
  currency: 'AED',
  dialling: '971',
  carriers: ['etisalat', 'du'],
  cities: [['دبي', 'Asia/Dubai']],
  firstNames: [
    ['ليلى', 'layla'],
    ['عمر', 'omar'],
  ],
  lastNames: [
    ['الهاشمي', 'alhashmi'],
    ['منصور', 'mansour'],
  ],
  phrases: ['نعم من فضلك', 'شكرًا 🌙'],
};

const UA: Locale = {
  country: 'UA',
  language: 'uk',
  currency: 'UAH',
  dialling: '380',
  carriers: ['Kyivstar', 'lifecell'],
  cities: [
    ['Київ', 'Europe/Kyiv'],
    ['Львів', 'Europe/Kyiv'],
  ],
  firstNames: [
    ['Оксана', 'oksana'],
    ['Тарас', 'taras'],
  ],
  lastNames: [
    ['Шевченко', 'shevchenko'],
    ['Коваль', 'koval'],
  ],
  phrases: ['Так, будь ласка', 'Дякую! 💛'],
};

const SHARES: readonly (readonly [Locale, number])[] = [
  [US, 6],
  [GB, 3],
  [DE, 2],
  [FR, 2],
  [BR, 2],
  [JP, 2],
  [KR, 1],
  [IN, 2],
  [AE, 1],
  [UA, 1],
];

/** A country with more users stands here more often. */
export const LOCALES: readonly Locale[] = SHARES.flatMap(([locale, share]) =>
  Array.from({ length: share }, () => locale),
);
