/**
 * How values of type `T` become bytes and back. What it makes is stored as bytes; over HTTP they travel as they
 * are, with `contentType`.
 *
 * @example const csv: Serde<Row[]> = { contentType: 'text/csv', serialize: writeRows, deserialize: readRows }
 */
export interface Serde<T> {
  /** A media type; `application/octet-stream` if absent. */
  readonly contentType?: string | undefined
  serialize(value: T): Uint8Array
  /** What it throws is final: bytes that cannot be read now cannot be read later. */
  deserialize(bytes: Uint8Array): T
  /** Of the serdes of this package: stored as a value or as text, which stays readable in the table. */
  readonly '~stored'?: 'value' | 'text' | undefined
}

/** The serde of a handler's output: one of a wider type will do. */
export interface OutputSerde<T> {
  readonly contentType?: string | undefined
  readonly '~stored'?: 'value' | 'text' | undefined
  serialize(value: T): Uint8Array
  deserialize(bytes: Uint8Array): unknown
}
