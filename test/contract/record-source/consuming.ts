import type { RunningSource, SourceSpec } from '@fermata/orchestrator/ports'
import { expect, onTestFinished, vi } from 'vitest'
import type { LogUnderTest, MemberOptions, MemberUnderTest } from './log-under-test.ts'
import type { RecordingSink } from './recording-sink.ts'

let count = 0

/** One topic and one group for one test, and whoever consumes it. */
export class Consuming {
  readonly log: LogUnderTest
  readonly topic: string
  readonly groupId: string

  private constructor(log: LogUnderTest, name: string) {
    this.log = log
    this.topic = `topic-${name}`
    this.groupId = `group-${name}`
  }

  static async of(log: LogUnderTest, partitions: number): Promise<Consuming> {
    const consuming = new Consuming(log, `${process.pid}-${count++}`)
    await log.createTopic(consuming.topic, partitions)
    return consuming
  }

  spec(startFrom: SourceSpec['startFrom'] = 'earliest'): SourceSpec {
    const { groupId, topic } = this
    return { cluster: this.log.cluster, topics: [topic], groupId, startFrom }
  }

  async member(options?: MemberOptions): Promise<MemberUnderTest> {
    const member = await this.log.member(options)
    onTestFinished(() => member.close())
    return member
  }

  async open(
    sink: RecordingSink,
    options?: MemberOptions & { readonly startFrom?: SourceSpec['startFrom'] },
  ): Promise<RunningSource & { readonly member: MemberUnderTest }> {
    const member = await this.member(options)
    const running = await member.source.open(this.spec(options?.startFrom), sink)
    return { stop: () => running.stop(), member }
  }

  /** What the group has committed, by partition. */
  async committed(): Promise<Record<number, string | undefined>> {
    const observer = await this.member()
    const positions = await observer.source.positions(this.spec())
    return Object.fromEntries(positions.map(({ partition, committed }) => [partition, committed]))
  }
}

/** Waits for what must become true. */
export async function eventually(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 90_000, interval: 20 })
  expect(check).toBeDefined()
}
