import { hash } from 'node:crypto';
import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib';
import { compressSync } from 'snappy';
import {
  ByteSink,
  compileRecordWriter,
  type Value,
  writeLong,
  writeString,
  type WriteRecord,
} from './avro-writer.ts';
import type { Codec } from './codec.ts';
import { type EventSchema, writerSchema } from './schemas.ts';

const COMPRESS: Readonly<Record<Codec, (data: Buffer) => Uint8Array>> = {
  null: (data) => data,
  deflate: (data) => deflateRawSync(data),
  zstandard: (data) => zstdCompressSync(data),
  // Avro's snappy blocks end with the CRC-32 of the uncompressed data, big-endian.
  snappy: (data) => {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(data));
    return Buffer.concat([compressSync(data), checksum]);
  },
};

/** What all files of one type have in common. */
export interface ContainerFormat {
  readonly codec: Codec;
  readonly header: Buffer;
  readonly write: WriteRecord;
}

/** Braze's uncompressed files carry no `avro.codec`; the others name it. */
export function containerFormat(schema: EventSchema, store: string, codec: Codec): ContainerFormat {
  const meta: [string, string][] = [
    ['avro.schema', JSON.stringify(writerSchema(schema, store))],
    ...(codec === 'null' ? [] : [['avro.codec', codec] satisfies [string, string]]),
  ];
  const sink = new ByteSink();
  sink.append(Buffer.from('Obj\u0001', 'latin1'));
  writeLong(sink, meta.length);
  for (const [key, value] of meta) {
    writeString(sink, key);
    writeString(sink, value);
  }
  writeLong(sink, 0);
  return { codec, header: Buffer.from(sink.view()), write: compileRecordWriter(schema.fields) };
}

/** When a block is closed: at whichever comes first. */
export interface BlockLimits {
  readonly blockBytes: number;
  readonly blockRecords: number;
}

/** Writes one Avro object container file into memory. */
export class ContainerWriter {
  events = 0;
  private readonly file: ByteSink;
  private readonly block = new ByteSink();
  private readonly sync: Buffer;
  private readonly format: ContainerFormat;
  private readonly limits: BlockLimits;
  private blockEvents = 0;

  /** `syncSeed` decides the file's sync marker. */
  constructor(format: ContainerFormat, limits: BlockLimits, syncSeed: string) {
    this.format = format;
    this.limits = limits;
    this.sync = hash('sha256', syncSeed, 'buffer').subarray(0, 16);
    this.file = new ByteSink(format.header.length + 4096);
    this.file.append(format.header);
    this.file.append(this.sync);
  }

  /** Bytes held in memory. */
  get held(): number {
    return this.file.length + this.block.length;
  }

  add(values: readonly Value[]): void {
    this.format.write(this.block, values);
    this.events++;
    this.blockEvents++;
    if (this.block.length >= this.limits.blockBytes || this.blockEvents >= this.limits.blockRecords)
      this.flush();
  }

  /** Closes the file and gives its bytes. */
  finish(): Uint8Array {
    if (this.blockEvents > 0) this.flush();
    return this.file.view();
  }

  private flush(): void {
    const data = COMPRESS[this.format.codec](this.block.view());
    writeLong(this.file, this.blockEvents);
    writeLong(this.file, data.length);
    this.file.append(data);
    this.file.append(this.sync);
    this.block.length = 0;
    this.blockEvents = 0;
  }
}
