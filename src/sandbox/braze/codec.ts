/** Codecs in which files can be written, as they stand in `avro.codec`. */
export const CODECS = ['null', 'deflate', 'snappy', 'zstandard'] as const;
export type Codec = (typeof CODECS)[number];
