import type { Entry, Failure, Outcome, Value } from '@fermata/lambda-runtime/protocol'

/** Whose a value is, and so where its blob goes. `journal` unless it is an object's state. */
export type PayloadPlace = { readonly service: string; readonly lasting?: 'journal' | 'state' }

/**
 * Between what the world sees and what is stored: values are sealed, and kept elsewhere where they are too long. Only
 * edges use it; what is passed on inside stays packed. All throw FermataError `blobs-unreachable` |
 * `payload-codec-failed` | `payload-corrupt` | `payload-key-unknown` | `payload-missing`.
 */
export interface Payloads {
  /** Whether stored values are hidden from those who read the table. */
  readonly seals: boolean
  /** Durable when it resolves: a blob is there before anything names it. Packing what is packed changes nothing. */
  pack(value: Value, place: PayloadPlace): Promise<Value>
  open(value: Value): Promise<Value>
  packOutcome(outcome: Outcome, service: string): Promise<Outcome>
  openOutcome(outcome: Outcome): Promise<Outcome>
  packFailure(failure: Failure): Promise<Failure>
  packHeaders(headers: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>>
  /** Blobs that these entries name are as young as new ones. Those of objects' state need it not: they stay. */
  touch(entries: readonly Entry[]): Promise<void>
}
