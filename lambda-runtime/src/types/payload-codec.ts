/**
 * What every value goes through on its way into the table and out of it: inputs, outputs, results of steps, state,
 * signals, promises, header values, and the texts of failures. Orchestrator and functions need the same one.
 *
 * `open(seal(bytes))` is `bytes`. What `seal` makes is stored as it is, so `open` must go on understanding what older
 * versions have sealed. Throw from `open` what cannot be opened; it is tried again by the handler's policy.
 */
export interface PayloadCodec {
  seal(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
  open(sealed: Uint8Array): Uint8Array | Promise<Uint8Array>
}
