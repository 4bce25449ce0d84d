import { expect, test } from 'vitest'
import { Consuming, eventually } from './consuming.ts'
import { type LogUnderTest, numbered } from './log-under-test.ts'
import { ofPartition, RecordingSink, range } from './recording-sink.ts'

/** Where consuming begins, what is committed, and what is not. */
export function describePositions(log: () => LogUnderTest): void {
  describeCommits(log)
  describeStarts(log)
  describeOutOfRange(log)
}

function describeCommits(log: () => LogUnderTest): void {
  test('are committed while consuming goes on', async () => {
    const consuming = await Consuming.of(log(), 2)
    await log().produce(consuming.topic, 0, numbered(0, 30))
    await consuming.open(new RecordingSink())

    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '30', 1: '0' }))
  })

  test('are never committed beyond a record that is still under way, whatever is accepted behind it (INV-8)', async () => {
    const consuming = await Consuming.of(log(), 1)
    const sink = new RecordingSink().hold((one) => one === '0:4')
    await log().produce(consuming.topic, 0, numbered(0, 30))
    await consuming.open(sink)
    await eventually(() => expect(sink.accepted).toHaveLength(29))
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '4' }))

    // A later record is committed no sooner than this one: nothing moves until it is accepted.
    await log().produce(consuming.topic, 0, numbered(30, 31))
    await eventually(() => expect(sink.accepted).toHaveLength(30))
    expect(await consuming.committed()).toEqual({ 0: '4' })

    sink.release()
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '31' }))
  })

  test('are committed at a stop, which waits for accepts under way', async () => {
    const consuming = await Consuming.of(log(), 1)
    const sink = new RecordingSink().hold((one) => one === '0:2')
    await log().produce(consuming.topic, 0, numbered(0, 10))
    const running = await consuming.open(sink, { commitMs: 60_000, stopMs: 20_000, window: 4 })
    await eventually(() => expect(sink.accepted.length).toBeGreaterThan(3))
    const stopping = running.stop()
    sink.release()
    await stopping

    const next = new RecordingSink()
    expect(await consuming.committed()).toEqual({ 0: String(sink.accepted.length) })
    await consuming.open(next)
    await eventually(() =>
      expect([...sink.accepted, ...next.accepted].toSorted()).toEqual(range(0, 0, 10)),
    )
  })

  test('that were not committed before a crash are offered again', async () => {
    const consuming = await Consuming.of(log(), 1)
    await log().produce(consuming.topic, 0, numbered(0, 10))
    const first = await consuming.open(new RecordingSink())
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '10' }))
    await first.stop()

    const crashed = new RecordingSink()
    const { member } = await consuming.open(crashed, { commitMs: 60_000 })
    await log().produce(consuming.topic, 0, numbered(10, 20))
    await eventually(() => expect(crashed.accepted).toEqual(range(0, 10, 20)))
    member.disconnect()
    const heir = new RecordingSink()
    await consuming.open(heir)

    await eventually(() => expect(heir.accepted).toEqual(range(0, 10, 20)))
  })
}

function describeStarts(log: () => LogUnderTest): void {
  test('that are committed count, whatever else a subscription says to start from', async () => {
    const consuming = await Consuming.of(log(), 1)
    await log().produce(consuming.topic, 0, numbered(0, 5))
    const first = await consuming.open(new RecordingSink())
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '5' }))
    await first.stop()
    await log().produce(consuming.topic, 0, numbered(5, 8))

    const sink = new RecordingSink()
    await consuming.open(sink, { startFrom: 'latest' })
    await eventually(() => expect(sink.accepted).toEqual(range(0, 5, 8)))
  })

  test('begin with what comes when "latest" is asked for', async () => {
    const consuming = await Consuming.of(log(), 1)
    await log().produce(consuming.topic, 0, numbered(0, 5))
    const sink = new RecordingSink()
    await consuming.open(sink, { startFrom: 'latest' })
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '5' }))
    await log().produce(consuming.topic, 0, numbered(5, 8))

    await eventually(() => expect(sink.positions).toEqual(range(0, 5, 8)))
  })

  test('that "latest" has chosen are chosen for good: what comes before anything is accepted is not lost', async () => {
    const consuming = await Consuming.of(log(), 1)
    await log().produce(consuming.topic, 0, numbered(0, 5))
    const first = await consuming.open(
      new RecordingSink().hold(() => true),
      {
        startFrom: 'latest',
        settleMs: 50,
      },
    )
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '5' }))
    await log().produce(consuming.topic, 0, numbered(5, 8))
    first.member.disconnect()

    const heir = new RecordingSink()
    await consuming.open(heir, { startFrom: 'latest' })
    await eventually(() => expect(heir.accepted).toEqual(range(0, 5, 8)))
  })
}

function describeOutOfRange(log: () => LogUnderTest): void {
  test('that the topic no longer has stop the subscription at its start, and are not reset', async () => {
    const consuming = await Consuming.of(log(), 1)
    await log().produce(consuming.topic, 0, numbered(0, 10))
    const first = await consuming.open(new RecordingSink().hold((one) => one === '0:3'))
    await eventually(async () => expect(await consuming.committed()).toEqual({ 0: '3' }))
    first.member.disconnect()
    await log().deleteBefore(consuming.topic, 0, 6)

    const sink = new RecordingSink()
    await consuming.open(sink)
    await eventually(() => expect(sink.failures).toHaveLength(1))
    expect(sink.failures[0]).toMatchObject({ code: 'offset-out-of-range' })
    expect(sink.offered).toEqual([])
    expect(await consuming.committed()).toEqual({ 0: '3' })
  })

  test('that vanish while a partition is blocked stop the subscription, and are not reset', async () => {
    const consuming = await Consuming.of(log(), 1)
    const sink = new RecordingSink().hold(() => true)
    const large = 'x'.repeat(200_000)
    const records = Array.from({ length: 60 }, () => ({ value: JSON.stringify(large) }))
    await log().produce(consuming.topic, 0, records)
    await consuming.open(sink, { window: 1 })
    await eventually(() => expect(sink.waiting).toBe(1))
    await log().deleteBefore(consuming.topic, 0, 58)
    sink.release()
    await eventually(() => expect(sink.failures).toHaveLength(1))

    expect(sink.failures[0]).toMatchObject({ code: 'offset-out-of-range' })
    // What was accepted of it is a prefix without a hole, and no more than that is committed.
    const accepted = ofPartition(sink.accepted, 0)
    expect(accepted).toEqual(range(0, 0, accepted.length))
    await eventually(async () =>
      expect(Number((await consuming.committed())[0])).toBeLessThanOrEqual(accepted.length),
    )
  })
}
