import {
  type CollectedSend,
  type CollectorRef,
  collectedId,
  collectedInput,
  dueOf,
  maxSlots,
  type Range,
  rangeOf,
  sendsOf,
  targetOf,
} from '../../domain/collect/collector.ts'
import type { OpenSends, StoredHead } from '../../ports/index.ts'
import type { EngineDeps } from '../invocations/engine-deps.ts'
import type { Work } from '../invocations/work.ts'

const dayMs = 86_400_000

/**
 * Creates the invocations that are due of a collector, and answers when the next one is (epoch ms; `undefined`:
 * nothing waits). Which sends go together is written first, so that all who do this, and do it again after a crash, do
 * the same; then the sends are marked, the invocation is created, and the head goes past them.
 */
export async function collectDue(
  deps: EngineDeps,
  work: Work,
  ref: CollectorRef,
): Promise<number | undefined> {
  const { clock, collectors } = deps
  for (;;) {
    const { head: stored, open } = await collectors.read(ref, maxSlots)
    if (stored === undefined) return undefined
    if (stored.head.range !== undefined) {
      await finish(deps, work, ref, stored, stored.head.range, open)
      continue
    }
    const dueAt = dueOf(open)
    if (dueAt > clock.now()) return open.length === 0 ? undefined : dueAt
    const range = rangeOf(open)
    if (range === undefined) return undefined
    await collectors.writeHead(ref, { ...stored.head, range }, stored)
    await deps.faults.reach('collect.after-range', targetName(ref))
  }
}

async function finish(
  deps: EngineDeps,
  work: Work,
  ref: CollectorRef,
  stored: StoredHead,
  range: Range,
  open: OpenSends['open'],
): Promise<void> {
  const { collectors, faults } = deps
  const [first, ...rest] = sendsOf(open.filter(({ n }) => n <= range.to))
  const name = targetName(ref)
  if (first !== undefined) {
    const sends = [first, ...rest] as const
    const now = deps.clock.now()
    const marks = sends.map(({ by, keepMs }) => ({ by, expires: now + Math.max(keepMs, dayMs) }))
    await collectors.markTaken(ref, marks)
    await faults.reach('collect.after-marks', name)
    await createCollected(work, ref, stored.head.life, range, sends)
    await faults.reach('collect.after-create', name)
  }
  const { range: _, ...head } = stored.head
  await collectors.writeHead(ref, { ...head, done: range.to }, stored)
  await faults.reach('collect.after-advance', name)
}

async function createCollected(
  work: Work,
  ref: CollectorRef,
  life: string,
  { from }: Range,
  sends: readonly [CollectedSend, ...CollectedSend[]],
): Promise<void> {
  const { how } = ref
  await work.create(
    {
      id: collectedId(ref, life, from),
      target: targetOf(ref),
      ...collectedInput(how, sends),
      origin: { kind: 'collected', how, sends: sends.length },
      idempotencyKey: undefined,
      notBefore: undefined,
      minRetentionMs: Math.max(dayMs, ...sends.map(({ keepMs }) => keepMs)),
    },
    { source: 'asks-again', permit: undefined },
  )
}

function targetName({ service, handler }: CollectorRef): string {
  return `${service}/${handler}`
}
