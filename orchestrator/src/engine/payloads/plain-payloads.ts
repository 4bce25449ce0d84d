import { FermataError } from '../../domain/errors.ts'
import type { Payloads } from '../../ports/index.ts'

/** Values as they are: neither codec nor blobs. */
export const plainPayloads: Payloads = {
  seals: false,
  pack: async (value) => value,
  async open(value) {
    if ('ref' in value) {
      const message = `A value is kept as blob ${value.ref}, and no blob store is configured here`
      throw new FermataError('blobs-unreachable', message)
    }
    if (!('sealed' in value)) return value
    const message = 'A value is sealed, and no payload keys are configured here'
    throw new FermataError('payload-key-unknown', message)
  },
  packOutcome: async (outcome) => outcome,
  async openOutcome(outcome) {
    if (outcome.kind === 'value') await plainPayloads.open(outcome.value)
    return outcome
  },
  packFailure: async (failure) => failure,
  packHeaders: async (headers) => headers,
  touch: async () => undefined,
}
