import type { Entry, Segment } from '@fermata/lambda-runtime/protocol'
import { protocolVersion } from '@fermata/lambda-runtime/protocol'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Context, Decision } from '../../domain/invocation/stimulus.ts'
import type { Clock, Random } from '../../ports/index.ts'

/** What is written at first; `before`: what came for it before it was created. */
export type Opening = (before: readonly Entry[]) => readonly Entry[]

export type SegmentPlace = { readonly n: number; readonly born: string; readonly epoch: number }

export type Applied = {
  /** As it stands now; `undefined`: the invocation does not exist, or has expired. */
  readonly state: InvocationState | undefined
  /** What this call appended. */
  readonly appended: Segment | undefined
}

/** How a decision's context is made, from the state that it is about. */
export type ContextOf = (state: InvocationState) => Context

/** Effects of segments up to `upTo` are carried out, in the life `born`: an id may be used again once it has expired. */
export type Watermark = { readonly born: string; readonly upTo: number }

/** A segment of ours, or of the handler whose reply it is made from. */
export function makeSegment(
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  { n, born, epoch, carried }: SegmentPlace & { readonly carried: number | undefined },
  { entries, handler }: Decision,
): Segment {
  return {
    protocol: protocolVersion,
    n,
    born,
    epoch,
    by: handler === undefined ? 'orchestrator' : 'handler',
    writer: handler?.writer ?? random.nonce(),
    at: clock.now(),
    ...(carried === undefined ? {} : { carried }),
    entries: [...entries],
  }
}

export function epochOf(entries: readonly Entry[]): number {
  const attempt = entries.find((entry) => entry.kind === 'attempt')
  return attempt?.epoch ?? 0
}

/** Whether an attempt begins with it, which whoever appended it has to drive. */
export function begins(appended: Segment | undefined): boolean {
  return appended?.entries.some((entry) => entry.kind === 'attempt') ?? false
}
