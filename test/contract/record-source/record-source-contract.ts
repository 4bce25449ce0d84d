import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Consuming, eventually } from './consuming.ts'
import { describeGroups } from './group-contract.ts'
import { type LogUnderTest, numbered } from './log-under-test.ts'
import { describePositions } from './position-contract.ts'
import { ofPartition, RecordingSink, range } from './recording-sink.ts'

/** What every `RecordSource` does. */
export function describeRecordSource(start: () => Promise<LogUnderTest>): void {
  let log: LogUnderTest
  beforeAll(async () => {
    log = await start()
  })
  afterAll(() => log?.stop())

  describe('records', () => describeRecords(() => log))
  describe('flow', () => describeFlow(() => log))
  describe('positions', () => describePositions(() => log))
  describe('groups', () => describeGroups(() => log))
}

function describeRecords(log: () => LogUnderTest): void {
  test('arrive as they were produced: key, value, headers, and null for a tombstone', async () => {
    const consuming = await Consuming.of(log(), 1)
    const sink = new RecordingSink()
    await log().produce(consuming.topic, 0, [
      { key: 'k', value: '{"a":1}', headers: { trace: 'x' } },
      { value: null },
    ])
    await consuming.open(sink)
    await eventually(() => expect(sink.offered).toHaveLength(2))

    const [first, second] = sink.offered
    expect(Buffer.from(first?.key ?? []).toString()).toBe('k')
    expect(Buffer.from(first?.value ?? []).toString()).toBe('{"a":1}')
    expect(first?.headers.map(([name, value]) => [name, Buffer.from(value).toString()])).toEqual([
      ['trace', 'x'],
    ])
    expect(first?.timestamp).toBeGreaterThan(1_600_000_000_000)
    expect(second).toMatchObject({ key: null, value: null, headers: [], offset: '1' })
  })

  test('of a partition are offered in offset order, each once', async () => {
    const consuming = await Consuming.of(log(), 2)
    const sink = new RecordingSink()
    await log().produce(consuming.topic, 0, numbered(0, 150))
    await consuming.open(sink, { window: 8 })
    await log().produce(consuming.topic, 1, numbered(0, 50))
    await log().produce(consuming.topic, 0, numbered(150, 300))
    await eventually(() => expect(sink.accepted).toHaveLength(350))

    expect(ofPartition(sink.positions, 0)).toEqual(range(0, 0, 300))
    expect(ofPartition(sink.positions, 1)).toEqual(range(1, 0, 50))
  })

  test('of a topic that does not exist cannot be asked for', async () => {
    const member = await (await Consuming.of(log(), 1)).member()
    const spec = { cluster: log().cluster, topics: ['nowhere'], groupId: 'g' }
    const opening = member.source.open({ ...spec, startFrom: 'earliest' }, new RecordingSink())

    await expect(opening).rejects.toMatchObject({ code: 'topic-not-found' })
    await expect(member.source.positions(spec)).rejects.toMatchObject({ code: 'topic-not-found' })
  })

  test('of a cluster that is not configured cannot be asked for', async () => {
    const member = await (await Consuming.of(log(), 1)).member()
    const spec = {
      cluster: 'elsewhere',
      topics: ['t'],
      groupId: 'g',
      startFrom: 'earliest',
    } as const

    await expect(member.source.open(spec, new RecordingSink())).rejects.toMatchObject({
      code: 'subscription-invalid',
    })
  })
}

function describeFlow(log: () => LogUnderTest): void {
  test('has a bounded number of accepts of one partition under way', async () => {
    const consuming = await Consuming.of(log(), 1)
    const sink = new RecordingSink().hold(() => true)
    await log().produce(consuming.topic, 0, numbered(0, 100))
    await consuming.open(sink, { window: 5 })
    await eventually(() => expect(sink.waiting).toBe(5))
    sink.release((one) => one === '0:3')
    await eventually(() => expect(sink.waiting).toBe(5))

    expect(sink.positions).toEqual(range(0, 0, 6))
  })

  test('a sink that blocks one partition for longer than the session keeps its membership, and the other partition goes on', async () => {
    const consuming = await Consuming.of(log(), 2)
    const sink = new RecordingSink().hold((one) => one.startsWith('0:'))
    await log().produce(consuming.topic, 0, numbered(0, 400))
    await consuming.open(sink, { window: 4 })
    await eventually(() => expect(sink.waiting).toBe(4))

    const until = performance.now() + 2.5 * log().sessionTimeoutMs
    let produced = 0
    await eventually(async () => {
      await log().produce(consuming.topic, 1, numbered(produced, produced + 1))
      produced++
      expect(performance.now()).toBeGreaterThan(until)
    })
    await eventually(() => expect(ofPartition(sink.accepted, 1)).toEqual(range(1, 0, produced)))
    expect(ofPartition(sink.positions, 0)).toHaveLength(4)
    expect(sink.assignments).toHaveLength(1)

    sink.release()
    await eventually(() => expect(ofPartition(sink.accepted, 0)).toHaveLength(400))
    expect(ofPartition(sink.positions, 0)).toEqual(range(0, 0, 400))
    expect(sink.assignments).toHaveLength(1)
  })

  test('a sink that refuses a record stops its subscription, with what was accepted before committed', async () => {
    const consuming = await Consuming.of(log(), 1)
    const sink = new RecordingSink().refuse((one) => one === '0:7')
    await log().produce(consuming.topic, 0, numbered(0, 20))
    const running = await consuming.open(sink, { window: 1 })
    await eventually(() => expect(sink.failures).toHaveLength(1))
    await running.stop()

    expect(sink.failures[0]?.message).toBe('refused 0:7')
    expect(sink.positions).toEqual(range(0, 0, 8))
    expect(await consuming.committed()).toEqual({ 0: '7' })
  })
}
