import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../contract/record-source/consuming.ts'
import { ofPartition, RecordingSink, range } from '../contract/record-source/recording-sink.ts'
import { requirePart } from '../support/real-parts/require-part.ts'
import { RealTopics } from './kafka-source/real-topics.ts'

requirePart('kafka')('consuming real Kafka', () => {
  let topics: RealTopics
  beforeAll(async () => {
    topics = await RealTopics.start()
  })
  afterAll(() => topics?.stop())

  describe('a transaction', () => describeTransactions(() => topics))
  describe('a process', () => describeProcesses(() => topics))
  describe('a topic', () => describeTopics(() => topics))
  describe('a broker', () => describeBrokers(() => topics))
})

function describeTransactions(topics: () => RealTopics): void {
  test('leaves gaps: what was aborted is never offered, and markers do not hold the commit back', async () => {
    const spec = await topics().fresh(1)
    const producer = topics()
      .client()
      .producer({
        transactionalId: `tx-${spec.topic}`,
        idempotent: true,
        maxInFlightRequests: 1,
      })
    await producer.connect()
    const send = async (value: string, end: 'commit' | 'abort'): Promise<void> => {
      const transaction = await producer.transaction()
      await transaction.send({ topic: spec.topic, messages: [{ value, partition: 0 }] })
      await transaction[end]()
    }
    // Offsets: 0 with marker 1, aborted 2 with marker 3, 4 with marker 5, aborted 6 with marker 7.
    await send('a', 'commit')
    await send('b', 'abort')
    await send('c', 'commit')
    await send('d', 'abort')
    const sink = new RecordingSink()
    const { source } = topics().source()
    await source.open(spec, sink)
    await eventually(async () => expect(await topics().committed(spec)).toEqual({ 0: '8' }))
    await send('e', 'abort')
    await eventually(async () => expect(await topics().committed(spec)).toEqual({ 0: '10' }))
    await producer.disconnect()

    expect(sink.positions).toEqual(['0:0', '0:4'])
  })
}

function describeProcesses(topics: () => RealTopics): void {
  test('that is killed in mid-stream loses nothing: another one goes on from the last commit', async () => {
    const spec = await topics().fresh(2)
    const [victim, heir] = [topics().process(spec, 5), topics().process(spec, 5)]
    const produced = 2_000
    const both = () => [...victim.accepted, ...heir.accepted]
    await eventually(async () => {
      await topics().produce(spec.topic, 0, 1)
      await topics().produce(spec.topic, 1, 1)
      expect(Math.min(victim.accepted.length, heir.accepted.length)).toBeGreaterThan(3)
    })
    const ends = await topics().ends(spec.topic)
    await topics().produce(spec.topic, 0, produced - Number(ends[0]))
    await topics().produce(spec.topic, 1, produced - Number(ends[1]))
    await eventually(() => expect(victim.accepted.length).toBeGreaterThan(20))
    const lost = Number(victim.accepted.at(-1)?.startsWith('0:') ? 0 : 1)
    const committed = async () => Number((await topics().committed(spec))[lost])
    await eventually(async () => expect(await committed()).toBeGreaterThan(0))
    const before = await committed()
    const begun = heir.accepted.length
    victim.child.kill('SIGKILL')
    const all = [...range(0, 0, produced), ...range(1, 0, produced)]
    await eventually(() => expect(new Set(both())).toEqual(new Set(all)))
    await eventually(async () =>
      expect(await topics().committed(spec)).toEqual({ 0: String(produced), 1: String(produced) }),
    )

    // What came again is what the victim had not committed, not the whole log.
    const again = ofPartition(heir.accepted.slice(begun), lost).map((one) => Number(one.slice(2)))
    expect(Math.min(...again)).toBeGreaterThanOrEqual(before)
  })

  test('that stood still for longer than its session finds its partitions gone, and takes its part again', async () => {
    const spec = await topics().fresh(2)
    const [stalled, other] = [topics().process(spec, 1), topics().process(spec, 1)]
    await eventually(async () => {
      await topics().produce(spec.topic, 0, 1)
      await topics().produce(spec.topic, 1, 1)
      expect(Math.min(stalled.accepted.length, other.accepted.length)).toBeGreaterThan(3)
    })
    stalled.child.kill('SIGSTOP')
    const before = other.accepted.length
    const mine = other.accepted.at(-1)?.startsWith('0:') ? 0 : 1
    await eventually(async () => {
      await topics().produce(spec.topic, 1 - mine, 1)
      expect(ofPartition(other.accepted.slice(before), 1 - mine).length).toBeGreaterThan(5)
    })
    stalled.child.kill('SIGCONT')
    const resumed = stalled.accepted.length
    await eventually(async () => {
      await topics().produce(spec.topic, 0, 1)
      await topics().produce(spec.topic, 1, 1)
      expect(stalled.accepted.length).toBeGreaterThan(resumed + 8)
    })
    const ends = await topics().ends(spec.topic)
    await eventually(async () => expect(await topics().committed(spec)).toEqual(ends))
    const all = [...range(0, 0, Number(ends[0])), ...range(1, 0, Number(ends[1]))]

    // What they print may come here later than what they commit.
    await eventually(() =>
      expect(new Set([...stalled.accepted, ...other.accepted])).toEqual(new Set(all)),
    )
  })

  test('that is told to end commits what it has accepted', async () => {
    const spec = await topics().fresh(1)
    const produced = 5_000
    await topics().produce(spec.topic, 0, produced)
    const { child, accepted } = topics().process(spec, 5)
    await eventually(() => expect(accepted.length).toBeGreaterThan(20))
    child.kill('SIGTERM')
    // With all that it has printed.
    const [code] = await once(child, 'close')

    expect(code).toBe(0)
    expect(accepted.length).toBeLessThan(produced)
    expect(await topics().committed(spec)).toEqual({ 0: String(accepted.length) })
  })
}

function describeTopics(topics: () => RealTopics): void {
  test('that is deleted stops its subscription with a clear error', async () => {
    const spec = await topics().fresh(1)
    const sink = new RecordingSink()
    await topics().produce(spec.topic, 0, 5)
    await topics().source().source.open(spec, sink)
    await eventually(async () => expect(await topics().committed(spec)).toEqual({ 0: '5' }))
    await topics().admin((admin) => admin.deleteTopics({ topics: [spec.topic] }))

    await eventually(() => expect(sink.failures).toHaveLength(1))
    expect(sink.failures[0]).toMatchObject({ code: 'topic-not-found' })
  })

  test('that is made anew is consumed from its start, where its records can be told from the old ones', async () => {
    const spec = await topics().fresh(1)
    const sink = new RecordingSink()
    await topics().produce(spec.topic, 0, 500)
    const { source } = topics().source()
    let running = await source.open(spec, sink)
    await eventually(async () => expect(await topics().committed(spec)).toEqual({ 0: '500' }))
    await topics().admin((admin) => admin.deleteTopics({ topics: [spec.topic] }))
    await topics().broker.createTopics([{ topic: spec.topic, partitions: 1 }])
    await topics().produce(spec.topic, 0, 8)
    let failures = 0
    await eventually(async () => {
      // Either the member notices by itself, or it stops loudly and somebody opens again.
      if (sink.failures.length > failures) {
        failures = sink.failures.length
        await running.stop()
        running = await source.open(spec, sink)
      }
      expect(sink.accepted).toHaveLength(508)
    })

    expect(sink.positions.slice(500)).toEqual(range(0, 0, 8))
    expect(sink.offered[500]?.timestamp).not.toBe(sink.offered[0]?.timestamp)
  })

  test('that gets more partitions is consumed with all of them', async () => {
    const spec = await topics().fresh(1)
    const sink = new RecordingSink()
    await topics().produce(spec.topic, 0, 1)
    const { source } = topics().source()
    const running = await source.open(spec, sink)
    await eventually(() => expect(sink.accepted).toEqual(['0:0']))
    const topicPartitions = [{ topic: spec.topic, count: 3 }]
    await topics().admin((admin) => admin.createPartitions({ topicPartitions }))
    // A member learns of it by itself in time; one that starts knows it at once.
    await running.stop()
    await source.open(spec, sink)
    await eventually(() => expect(sink.assignments.at(-1)).toHaveLength(3))
    await topics().produce(spec.topic, 2, 1)

    await eventually(() => expect(sink.accepted).toEqual(['0:0', '2:0']))
  })
}

function describeBrokers(topics: () => RealTopics): void {
  test('that crashes and comes back is waited for, with warnings, and nothing is lost', async () => {
    const spec = await topics().fresh(1)
    const sink = new RecordingSink()
    const { source, lines } = topics().source()
    await topics().produce(spec.topic, 0, 50)
    await source.open(spec, sink)
    await eventually(async () => expect(await topics().committed(spec)).toEqual({ 0: '50' }))
    await topics().broker.restart({ crash: true })
    await eventually(() => topics().produce(spec.topic, 0, 50))

    await eventually(() => expect(new Set(sink.accepted)).toEqual(new Set(range(0, 0, 100))))
    expect(sink.failures).toEqual([])
    expect(lines.some(({ level }) => level === 'warn')).toBe(true)
    await eventually(async () => expect(await topics().committed(spec)).toEqual({ 0: '100' }))
  })

  test('that is not there is an error that says so', async () => {
    const spec = await topics().fresh(1)
    // Nobody listens on port 1.
    const openSocket = ({ onConnect }: { onConnect: () => void }) =>
      connect(1, '127.0.0.1', onConnect)
    const { source } = topics().source({ openSocket })
    const opening = source.open(spec, new RecordingSink())

    await expect(opening).rejects.toMatchObject({ code: 'kafka-unreachable' })
    await expect(source.positions(spec)).rejects.toMatchObject({ code: 'kafka-unreachable' })
  })
}
