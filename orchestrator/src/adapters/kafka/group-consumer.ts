import { FermataError } from '../../domain/errors.ts'
import type { RunningSource } from '../../ports/index.ts'
import { GroupMember, type MemberDeps } from './group-member.ts'
import { outOfRange } from './start-offsets.ts'

export type GroupConsumerDeps = Omit<
  MemberDeps,
  'client' | 'onJoined' | 'onCrashed' | 'onOutOfRange' | 'onFailed'
> & { readonly newClient: () => MemberDeps['client'] }

/**
 * Keeps a member in the group for as long as the subscription is open: one that crashes, or falls silent,
 * is replaced by a new one with a new client, sooner at first and then less often.
 */
export class GroupConsumer implements RunningSource {
  readonly #deps: GroupConsumerDeps
  #member: GroupMember | undefined
  #stopped: Promise<void> | undefined
  #restarts = 0
  #cancelWatch: (() => void) | undefined
  #cancelRestart: (() => void) | undefined

  constructor(deps: GroupConsumerDeps) {
    this.#deps = deps
  }

  /** @throws FermataError `topic-not-found` | `kafka-unreachable` */
  async open(): Promise<void> {
    await this.#deps.admin.requireTopics(this.#deps.spec.topics)
    await this.#start()
    this.#watch()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    this.#cancelWatch?.()
    this.#cancelRestart?.()
    await this.#member?.stop()
  }

  async #start(): Promise<void> {
    const { newClient, spec } = this.#deps
    const member: GroupMember = new GroupMember({
      ...this.#deps,
      client: newClient(),
      onJoined: () => {
        this.#restarts = 0
      },
      onCrashed: (error) => this.#restart(member, String(error)),
      onOutOfRange: () =>
        this.#fail(outOfRange(spec, `a fetch from ${spec.topics.join(', ')} was refused`)),
      onFailed: (error) => this.#fail(error),
    })
    this.#member = member
    try {
      await member.start()
    } catch (error) {
      this.#restart(member, `${spec.groupId} cannot start: ${String(error)}`)
    }
  }

  /** kafkajs knows consumers that neither work nor crash. */
  #watch(): void {
    const { clock, options } = this.#deps
    const silentMs = options.rebalanceTimeoutMs + 2 * options.sessionTimeoutMs
    let lostSince: number | undefined
    const check = (): void => {
      const now = clock.monotonic()
      lostSince = this.#member?.lost ? (lostSince ?? now) : undefined
      const silentSince = Math.min(this.#member?.lastSign ?? now, lostSince ?? now)
      if (now - silentSince > silentMs && this.#member !== undefined) {
        this.#restart(this.#member, 'it has fallen silent')
      }
      this.#cancelWatch = clock.timer(options.sessionTimeoutMs / 2, check)
    }
    check()
  }

  #restart(member: GroupMember, reason: string): void {
    if (this.#stopped !== undefined || this.#member !== member) return
    const { clock, logger, options } = this.#deps
    const waitMs = Math.min(options.restartMs * 2 ** this.#restarts, options.maxRestartMs)
    this.#restarts++
    this.#member = undefined
    void member.dispose()
    logger.warn({ reason, waitMs }, 'The consumer broke down; it is started again')
    this.#cancelRestart = clock.timer(waitMs, () => void this.#startAgain())
  }

  async #startAgain(): Promise<void> {
    const { admin, clock, logger, options, spec } = this.#deps
    try {
      await admin.requireTopics(spec.topics)
    } catch (error) {
      if (this.#stopped !== undefined) return
      if (error instanceof FermataError && error.code === 'topic-not-found')
        return this.#fail(error)
      logger.warn({ error: String(error) }, 'Kafka does not answer; asking again')
      this.#cancelRestart = clock.timer(options.maxRestartMs, () => void this.#startAgain())
      return
    }
    if (this.#stopped === undefined) await this.#start()
  }

  #fail(error: Error): void {
    if (this.#stopped !== undefined) return
    this.#deps.logger.error({ error: error.message }, 'The subscription cannot go on')
    void this.stop()
    this.#deps.sink.failed(error)
  }
}
