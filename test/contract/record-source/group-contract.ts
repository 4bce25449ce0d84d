import { expect, test } from 'vitest'
import { Consuming, eventually } from './consuming.ts'
import { type LogUnderTest, numbered } from './log-under-test.ts'
import { ofPartition, RecordingSink, range } from './recording-sink.ts'

/** Several members of one group. */
export function describeGroups(log: () => LogUnderTest): void {
  describeRevoked(log)
  describeStuck(log)
  describeLost(log)
}

function describeRevoked(log: () => LogUnderTest): void {
  test('share the partitions, in mid-stream, without a record lost or taken twice', async () => {
    const partitions = 4
    const consuming = await Consuming.of(log(), partitions)
    const stream = streamInto(consuming, partitions)
    const sinks = [new RecordingSink(), new RecordingSink(), new RecordingSink()]
    const [first, second, third] = sinks as [RecordingSink, RecordingSink, RecordingSink]
    const one = await consuming.open(first, { window: 4 })
    await eventually(() => expect(first.accepted.length).toBeGreaterThan(100))
    await consuming.open(second, { window: 4 })
    await eventually(() => expect(second.accepted.length).toBeGreaterThan(100))
    await consuming.open(third, { window: 4 })
    await eventually(() => expect(third.accepted.length).toBeGreaterThan(100))
    await one.stop()
    const each = await stream.end()
    const total = each * partitions
    const all = (): string[] => sinks.flatMap((sink) => sink.accepted)
    await eventually(() => expect(all().length).toBeGreaterThanOrEqual(total))

    expect(all()).toHaveLength(total)
    expect(new Set(all()).size).toBe(total)
    const committed = Object.fromEntries(range(0, 0, partitions).map((_, p) => [p, String(each)]))
    await eventually(async () => expect(await consuming.committed()).toEqual(committed))
  })

  test('let accepts under way end before a partition is given away', async () => {
    const consuming = await Consuming.of(log(), 1)
    const first = new RecordingSink().hold((one) => one === '0:5')
    await log().produce(consuming.topic, 0, numbered(0, 10))
    const settleMs = 0.6 * log().sessionTimeoutMs
    await consuming.open(first, { settleMs, window: 6, commitMs: 60_000 })
    await eventually(() => expect(first.waiting).toBe(1))
    const second = new RecordingSink()
    await consuming.open(second)
    first.release()

    await eventually(() =>
      expect([...first.accepted, ...second.accepted].toSorted()).toEqual(range(0, 0, 10)),
    )
    expect(first.aborted).toEqual([])
  })
}

function describeStuck(log: () => LogUnderTest): void {
  test('that are stopped while they join leave nobody behind who holds partitions', async () => {
    const consuming = await Consuming.of(log(), 2)
    await log().produce(consuming.topic, 0, numbered(0, 3))
    await log().produce(consuming.topic, 1, numbered(0, 3))
    const hasty = new RecordingSink()
    for (let times = 0; times < 3; times++) {
      const running = await consuming.open(hasty)
      await running.stop()
    }
    const sink = new RecordingSink()
    await consuming.open(sink)
    await eventually(() => expect(sink.assignments.at(-1)).toHaveLength(2))

    await eventually(() =>
      expect([...hasty.accepted, ...sink.accepted].toSorted()).toEqual(
        [...range(0, 0, 3), ...range(1, 0, 3)].toSorted(),
      ),
    )
  })

  test('give up an accept that does not end, and the next owner takes its record', async () => {
    const consuming = await Consuming.of(log(), 2)
    const first = new RecordingSink().hold((one) => one.endsWith(':5'))
    await log().produce(consuming.topic, 0, numbered(0, 6))
    await log().produce(consuming.topic, 1, numbered(0, 6))
    await consuming.open(first, { settleMs: 100 })
    await eventually(() => expect(first.waiting).toBe(2))
    const second = new RecordingSink()
    await consuming.open(second)
    await eventually(() => expect(second.assignments.at(-1)).toHaveLength(1))

    const moved = second.assignments.at(-1)?.[0]?.partition ?? -1
    await eventually(() => expect(second.accepted).toEqual([`${moved}:5`]))
    expect(first.aborted.toSorted()).toEqual(['0:5', '1:5'])
    // The late end of the first owner's accept moves nothing.
    first.release()
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '6', 1: '6' }))
  })
}

function describeLost(log: () => LogUnderTest): void {
  test('that were out of reach have lost their partitions: they commit nothing of them, and start over', async () => {
    const consuming = await Consuming.of(log(), 1)
    const stalled = new RecordingSink().hold((one) => one === '0:3')
    await log().produce(consuming.topic, 0, numbered(0, 6))
    const { member } = await consuming.open(stalled)
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '3' }))
    member.disconnect()

    const heir = new RecordingSink().hold((one) => one === '0:4')
    await consuming.open(heir)
    await eventually(() => expect(heir.accepted).toEqual(['0:3', '0:5']))
    // The stalled owner's accept ends: on its own it would commit 6, where 4 is not accepted by the heir.
    stalled.release()
    await eventually(() => expect(stalled.accepted).toContain('0:3'))
    const before = stalled.assignments.length
    member.reconnect()
    await eventually(() => expect(stalled.assignments.length).toBeGreaterThan(before))
    heir.release()
    await log().produce(consuming.topic, 0, numbered(6, 9))

    await eventually(() =>
      expect([...stalled.accepted, ...heir.accepted]).toEqual(
        expect.arrayContaining(range(0, 0, 9)),
      ),
    )
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '9' }))
  })

  test('abort what they have under way when they learn that they have lost it', async () => {
    const consuming = await Consuming.of(log(), 1)
    const stalled = new RecordingSink().hold((one) => one === '0:3')
    await log().produce(consuming.topic, 0, numbered(0, 4))
    const { member } = await consuming.open(stalled)
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '3' }))
    member.disconnect()
    const heir = new RecordingSink()
    await consuming.open(heir)
    await eventually(() => expect(heir.accepted).toEqual(['0:3']))
    expect(stalled.aborted).toEqual([])
    member.reconnect()

    await eventually(() => expect(stalled.aborted).toEqual(['0:3']))
    expect(ofPartition(stalled.accepted, 0)).toEqual(range(0, 0, 3))
  })
}

/** Produces to all partitions for as long as the test wants. `end` answers how many each has got. */
function streamInto(consuming: Consuming, partitions: number): { end(): Promise<number> } {
  let ended = false
  const produced = (async () => {
    let each = 0
    for (; !ended; each += 5) {
      for (let partition = 0; partition < partitions; partition++) {
        await consuming.log.produce(consuming.topic, partition, numbered(each, each + 5))
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    return each
  })()
  return {
    end: () => {
      ended = true
      return produced
    },
  }
}
