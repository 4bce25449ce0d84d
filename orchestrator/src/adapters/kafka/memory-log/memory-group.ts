import type { Clock } from '../../../ports/index.ts'
import { partitionKey, type TopicPartition } from '../topic-partition.ts'

/** A member as its group sees it. */
export interface GroupPeer {
  readonly topics: readonly string[]
  /** Gives everything back: resolves when it has, or when it has taken too long. */
  revoke(): Promise<void>
  assign(generation: number, partitions: readonly TopicPartition[]): void
  /** There may be something new. */
  poke(): void
}

/** What the coordinator answers to one who is no member, or one of an earlier generation. */
class UnknownMemberError extends Error {
  override readonly name = 'UnknownMemberError'
  readonly type = 'UNKNOWN_MEMBER_ID'
}

/** A consumer group: who is in it, who holds what, and how far each partition is committed. */
export class MemoryGroup {
  readonly #partitionsOf: (topic: string) => number
  readonly #clock: Clock
  readonly #sessionTimeoutMs: number
  readonly #members = new Set<GroupPeer>()
  readonly #committed = new Map<string, bigint>()
  #generation = 0
  #rebalances: Promise<void> = Promise.resolve()

  /** `partitionsOf` answers 0 for a topic that does not exist. */
  constructor(partitionsOf: (topic: string) => number, clock: Clock, sessionTimeoutMs: number) {
    this.#partitionsOf = partitionsOf
    this.#clock = clock
    this.#sessionTimeoutMs = sessionTimeoutMs
  }

  join(member: GroupPeer): void {
    this.#members.add(member)
    this.#rebalance()
  }

  leave(member: GroupPeer): void {
    if (this.#members.delete(member)) this.#rebalance()
  }

  /** As when somebody comes or goes, though nobody does: all is given back, and given out to others. */
  shuffle(): void {
    const [first] = this.#members
    if (first === undefined) return
    this.#members.delete(first)
    this.join(first)
  }

  has(member: GroupPeer): boolean {
    return this.#members.has(member)
  }

  /** The member cannot be reached: after a session timeout it is out, unless `back` says otherwise. */
  miss(member: GroupPeer, back: () => boolean): void {
    this.#clock.timer(this.#sessionTimeoutMs, () => {
      if (!back()) this.leave(member)
    })
  }

  committed(partition: TopicPartition): bigint | undefined {
    return this.#committed.get(partitionKey(partition))
  }

  /** @throws an error of type `UNKNOWN_MEMBER_ID` */
  commit(member: GroupPeer, generation: number, partition: TopicPartition, offset: bigint): void {
    if (!this.#members.has(member) || generation !== this.#generation) {
      throw new UnknownMemberError('The coordinator is not aware of this member')
    }
    this.#committed.set(partitionKey(partition), offset)
  }

  forget(topic: string): void {
    for (const key of this.#committed.keys()) {
      if (key.startsWith(`${topic}/`)) this.#committed.delete(key)
    }
  }

  poke(): void {
    for (const member of this.#members) member.poke()
  }

  /** Everybody gives back first, then everything is given out anew; one rebalance at a time. */
  #rebalance(): void {
    this.#rebalances = this.#rebalances.then(async () => {
      await Promise.all([...this.#members].map((member) => this.#revoke(member)))
      this.#generation++
      const members = [...this.#members]
      const shares = new Map(members.map((member) => [member, [] as TopicPartition[]]))
      for (const [index, partition] of this.#partitions().entries()) {
        const member = members[index % members.length]
        if (member !== undefined) shares.get(member)?.push(partition)
      }
      for (const [member, share] of shares) member.assign(this.#generation, share)
    })
  }

  async #revoke(member: GroupPeer): Promise<void> {
    const waiting = new AbortController()
    const revoked = await Promise.race([
      member.revoke().then(() => true),
      this.#clock.sleep(this.#sessionTimeoutMs, waiting.signal).then(() => false),
    ])
    waiting.abort()
    if (!revoked) this.#members.delete(member)
  }

  #partitions(): TopicPartition[] {
    const topics = new Set([...this.#members].flatMap((member) => member.topics))
    return [...topics].flatMap((topic) =>
      Array.from({ length: this.#partitionsOf(topic) }, (_, partition) => ({ topic, partition })),
    )
  }
}
