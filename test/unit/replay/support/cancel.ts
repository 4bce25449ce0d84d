import { CancelledError, service } from '../../../../lambda-runtime/src/index.ts'
import type { Entry, InvokeReply } from '../../../../lambda-runtime/src/protocol/index.ts'
import { decodeValue } from '../../../../lambda-runtime/src/values.ts'
import { type Program, Stage } from './stage.ts'

export const bank = service('bank', { charge: (_, sum: number) => sum })

export function cancel(stage: Stage): void {
  stage.journal.news(stage.world.now, { kind: 'cancel' })
}

/** Begins an attempt, and cancels it after so many ms. The attempt's reply is not stored. */
export async function cancelledAfter(stage: Stage, ms: number): Promise<InvokeReply> {
  const ended = stage.begin()
  await stage.world.pass(ms)
  cancel(stage)
  return stage.world.run(ended)
}

/** What came of a promise; of one that was cancelled, that. */
export const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: unknown) => (error instanceof CancelledError ? 'cancelled' : error))

export function marker(stage: Stage): Entry | undefined {
  return stage.journal.entries.find(({ kind }) => kind === 'cancelled')
}

export function outputOf(stage: Stage): unknown {
  const end = stage.journal.entries.at(-1)
  return end?.kind === 'output' && end.result.kind === 'value' && decodeValue(end.result.value)
}

/** The same journal again, without its end: a replay of all that was handed out. */
export async function replayed(program: Program, { journal }: Stage): Promise<InvokeReply> {
  const again = new Stage(program).with(
    journal.segments.map((segment) => ({
      ...segment,
      entries: segment.entries.filter(({ kind }) => kind !== 'output'),
    })),
  )
  again.startEpoch()
  return again.attempt()
}
