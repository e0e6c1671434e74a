/** What to do about a dead letter, by its cause. Plain sentences for a person who sees it for the first time. */
const ADVICE: Readonly<Record<string, string>> = {
  rejected_by_mixpanel:
    'Mixpanel refused the event and says why beside it. Mend what it names, for example by a setting of the connection, and send it again.',
  not_taken_by_mixpanel:
    'Mixpanel took the rest of the request and left this event out without a word. Send it again; if that does not help, ask Mixpanel with the event at hand.',
  too_large_for_mixpanel:
    'The event alone is more than Mixpanel takes in a request. Let the settings remove a long field, and send it again.',
  refused_distinct_id:
    'Mixpanel refuses this distinct_id, because many unrelated users carry it: an app identifies its users before it knows them. Mend the app; discard what there is.',
  distinct_id_too_long:
    'Mixpanel takes distinct ids of at most 255 bytes. Such an external id is mostly a mistake of the app; hashing the ids in the privacy settings makes them short.',
  missing_id:
    'The record has no id, so repeats could not be told apart. Tell Braze support, with the record at hand; it can only be discarded.',
  invalid_time:
    'The time of the record makes no sense. Tell Braze support, with the record at hand; it can only be discarded.',
  bad_properties:
    'The custom properties are no JSON object. Look at how the app sends this event; the record can only be discarded.',
  too_many_properties:
    'Mixpanel takes fewer than 255 properties an event. Send fewer from the app, or use the native shape in the settings, and send it again.',
  event_too_large:
    'Mixpanel takes events below 1 MB. Let the settings remove or cut the long field, and send it again.',
  no_event_type:
    'What was pushed names no event type. See that only Braze has the token of this connection; discard it.',
  too_deep:
    'What was pushed is nested too deep to be an event. See that only Braze has the token of this connection; discard it.',
  not_json:
    'What was pushed is no JSON. See that only Braze has the token of this connection; discard it.',
  not_events:
    'What was pushed is no list of events. See that only Braze has the token of this connection; discard it.',
  damaged_frame:
    'The disk gave back other bytes than were written. Check the disk; ask Braze to send the hour again, or discard it.',
  corrupt_block:
    'A block of the file is damaged; all other blocks were delivered. Fetch the file anew if you have it elsewhere: it is read again when it changes. Else discard it.',
  bad_block_header:
    'A block of the file is damaged; all other blocks were delivered. Fetch the file anew if you have it elsewhere: it is read again when it changes. Else discard it.',
  bad_sync_marker:
    'A block of the file is damaged; all other blocks were delivered. Fetch the file anew if you have it elsewhere: it is read again when it changes. Else discard it.',
  bad_checksum:
    'A block of the file does not match its checksum; all others were delivered. Fetch the file anew if you have it elsewhere: it is read again when it changes. Else discard it.',
  block_too_large:
    'A block of the file claims to be larger than any that Braze writes. Fetch the file anew if you have it elsewhere: it is read again when it changes. Else discard it.',
};

const UNKNOWN =
  'Look at the record and at the words beside the cause; mend what they name and send it again, or discard it.';

export function adviceFor(cause: string): string {
  return Object.hasOwn(ADVICE, cause) ? ADVICE[cause]! : UNKNOWN;
}
