/**
 * Currents fields that hold personal data. A field that Braze marks so on any event counts on every event; country,
 * gender, language and message_extras are added, which Braze marks on some events and not on others.
 */
export const PII_FIELDS: readonly string[] = [
  'abort_log',
  'ad_id',
  'altitude',
  'answer_long_string',
  'answer_multiple_strings',
  'answer_single_boolean',
  'answer_single_number',
  'answer_single_string',
  'bounce_reason',
  'channel_identifier',
  'country',
  'deferral_reason',
  'device_id',
  'dob',
  'email_address',
  'external_user_id',
  'first_name',
  'flow_response_json',
  'gender',
  'home_city',
  'input',
  'language',
  'last_name',
  'latitude',
  'locale_key',
  'longitude',
  'message_extras',
  'native_line_id',
  'output',
  'phone_number',
  'template_name',
  'to_phone_number',
  'user_id',
  'user_phone_number',
];

const PII = new Set(PII_FIELDS);

export function isPii(field: string): boolean {
  return PII.has(field);
}
