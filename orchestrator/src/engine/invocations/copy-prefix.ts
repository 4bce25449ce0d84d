import type { Entry, InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { protocolVersion } from '@fermata/lambda-runtime/protocol'
import type { EngineDeps } from './engine-deps.ts'

/**
 * Begins the journal of a restarted invocation with what is kept of another's. Without a `created` behind it that is
 * nothing; cut short, it is gone on with by whoever copies the same again, and else it expires. What was asked for in
 * it is not carried out again: each segment says so of itself (trace 12).
 */
export async function copyPrefix(
  deps: Pick<EngineDeps, 'journals' | 'clock' | 'random' | 'faults'>,
  id: InvocationId,
  prefix: readonly (readonly Entry[])[],
  expires: number,
): Promise<void> {
  for (;;) {
    const { segments } = await deps.journals.load(id)
    const born = segments[0]?.born ?? deps.random.nonce()
    if (await copyFrom(deps, id, { prefix, expires, born, from: segments.length })) return
  }
}

type Copy = {
  readonly prefix: readonly (readonly Entry[])[]
  readonly expires: number
  readonly born: string
  readonly from: number
}

/** `false`: somebody else is at the same; what is there is read again. */
async function copyFrom(
  { journals, clock, random, faults }: Pick<EngineDeps, 'journals' | 'clock' | 'random' | 'faults'>,
  id: InvocationId,
  { prefix, expires, born, from }: Copy,
): Promise<boolean> {
  for (let n = from; n < prefix.length; n++) {
    const segment: Segment = {
      protocol: protocolVersion,
      n,
      born,
      epoch: 0,
      by: 'orchestrator',
      writer: random.nonce(),
      at: clock.now(),
      carried: n,
      entries: [...(prefix[n] ?? [])],
    }
    await faults.reach('restart.before-copy', id)
    if ((await journals.append(id, segment, expires)).kind === 'conflict') return false
    await faults.reach('restart.after-copy', id)
  }
  return true
}
