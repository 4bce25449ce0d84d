import type { Entry, InvocationId, Segment } from '@fermata/lambda-runtime/protocol'
import { decide } from '../../domain/invocation/decide.ts'
import { evolve, evolveAll } from '../../domain/invocation/evolve.ts'
import type { InvocationState } from '../../domain/invocation/state.ts'
import type { Decision, Stimulus } from '../../domain/invocation/stimulus.ts'
import type { Clock, FaultPoints, JournalStore, Random } from '../../ports/index.ts'
import { createTurns, type Turns } from '../turns.ts'
import { NextPermit } from './next-permit.ts'
import { isFinal } from './persist.ts'
import {
  type Applied,
  type ContextOf,
  epochOf,
  makeSegment,
  type Opening,
  type SegmentPlace,
  type Watermark,
} from './segments.ts'

export type SessionDeps = {
  readonly journals: JournalStore
  readonly clock: Clock
  readonly random: Random
  readonly faults: FaultPoints
}

/**
 * What this replica knows of one journal, and its one way to append to it: load, fold, decide, append; if
 * somebody was faster, read what is new and decide again (INV-1). Appends of one replica take turns.
 */
export class JournalSession {
  readonly id: InvocationId
  readonly #deps: SessionDeps
  readonly #turns: Turns = createTurns()
  #segments: readonly Segment[] = []
  #state: InvocationState | undefined
  #expires = 0
  #loaded = false
  #watermark: Watermark | undefined
  /** An append whose answer was lost: whether it is stored, nobody knows yet. */
  #doubtful: { readonly stimulus: Stimulus; readonly segment: Segment } | undefined

  /** Effects of one journal are carried out by one at a time. */
  readonly effects: Turns = createTurns()

  /** Somebody in this replica drives or watches the current attempt. */
  busy = false

  /** For the attempt that begins while this replica is still busy with the one before. */
  readonly next = new NextPermit()

  constructor(deps: SessionDeps, id: InvocationId) {
    this.#deps = deps
    this.id = id
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  get state(): InvocationState | undefined {
    return this.#state
  }

  /** Epoch ms. */
  get expires(): number {
    return this.#expires
  }

  /** Effects of segments up to this one are carried out, as far as this replica knows. */
  get carried(): number {
    const known = this.#watermark?.born === this.#state?.born ? this.#watermark?.upTo : undefined
    return Math.max(known ?? -1, this.#state?.carried ?? -1)
  }

  markCarried(upTo: number): void {
    const state = this.#state
    if (state !== undefined) this.recall({ born: state.born, upTo: Math.max(this.carried, upTo) })
  }

  /** What is known of `carried` beyond the journal itself. */
  get watermark(): Watermark | undefined {
    return this.#watermark
  }

  /** Takes in what was known when the journal was last used here; of another life it says nothing. */
  recall(watermark: Watermark): void {
    this.#watermark = watermark
  }

  /**
   * Puts segment 0, or the end of what came before it: news, or what it keeps of another's journal. `exists`: the
   * invocation was created before; it is loaded. One that expires between the two gives way to the new one.
   */
  create(opening: readonly Entry[] | Opening, expires: number): Promise<'created' | 'exists'> {
    const open: Opening = typeof opening === 'function' ? opening : () => opening
    return this.#turns.take(async () => {
      if (await this.#begin(open([]), expires)) return 'created'
      await this.#load()
      if (this.#state === undefined && this.#segments.length > 0) {
        return this.#follow(open, expires)
      }
      if (this.#state !== undefined) return 'exists'
      return (await this.#begin(open([]), expires)) ? 'created' : 'exists'
    })
  }

  /** The journal goes on in the life that it has, and for as long as one that begins now. */
  async #follow(open: Opening, expires: number): Promise<'created' | 'exists'> {
    for (;;) {
      const [first] = this.#segments
      if (this.#state !== undefined) return 'exists'
      const entries = open(this.#before())
      if (first === undefined) return (await this.#begin(entries, expires)) ? 'created' : 'exists'
      const at = { n: this.#segments.length, born: first.born, epoch: epochOf(entries) }
      const segment = this.#segment(at, { entries })
      if ((await this.#append(segment, expires)) === 'conflict') {
        await this.#load()
        continue
      }
      this.#take([segment])
      await this.#stampIfOld(expires)
      return 'created'
    }
  }

  /** What it begins with may have waited for long. */
  async #stampIfOld(expires: number): Promise<void> {
    const state = this.#state
    const half = (state?.created.retentionMs ?? 0) / 2
    if (state === undefined || this.#expires - this.#deps.clock.now() > half) return
    await this.#deps.journals.restamp(this.id, state.born, state.next, expires)
    this.#expires = Math.max(expires, this.#expires)
  }

  #before(): readonly Entry[] {
    return this.#segments.flatMap(({ entries }) => entries)
  }

  /** Puts news before an invocation that waits in a mailbox. `exists`: it has begun meanwhile; it is loaded. */
  preface(news: Opening, expires: number): Promise<'told' | 'nothing-new' | 'exists'> {
    return this.#turns.take(async () => {
      for (;;) {
        await this.#load()
        if (this.#state !== undefined) return 'exists'
        const entries = news(this.#before())
        if (entries.length === 0) return 'nothing-new'
        const [first] = this.#segments
        const born = first?.born ?? this.#deps.random.nonce()
        const segment = this.#segment({ n: this.#segments.length, born, epoch: 0 }, { entries })
        if ((await this.#append(segment, expires)) === 'conflict') continue
        this.#segments = [...this.#segments, segment]
        return 'told'
      }
    })
  }

  /** News that waits with an invocation in a mailbox is kept as long as its slot. */
  stampPreface(expires: number): Promise<void> {
    return this.#turns.take(async () => {
      if (this.#state === undefined) await this.#load()
      const [first] = this.#segments
      if (this.#state !== undefined || first === undefined) return
      await this.#deps.journals.restamp(this.id, first.born, this.#segments.length, expires)
      this.#expires = expires
    })
  }

  /** The journal was removed: what is known of it counts no more. */
  forget(): void {
    this.#restart(0)
    this.#loaded = false
    this.#doubtful = undefined
  }

  async #begin(entries: readonly Entry[], expires: number): Promise<boolean> {
    const born = this.#deps.random.nonce()
    const segment = this.#segment({ n: 0, born, epoch: epochOf(entries) }, { entries })
    if ((await this.#append(segment, expires)) === 'conflict') return false
    this.#restart(expires)
    this.#take([segment])
    return true
  }

  /** Reads what is there: all of it at first, then what is new. `all`: where nothing is new, it may be gone. */
  refresh(what: 'news' | 'all' = 'news'): Promise<InvocationState | undefined> {
    return this.#turns.take(async () => {
      await (what === 'all' ? this.#load() : this.#catchUp())
      return this.#state
    })
  }

  /**
   * Lets the domain decide on `stimulus` and makes its decision durable. After a failure, the same stimulus again
   * asks what became of the decision that was made: time has passed, another one may differ from what is stored.
   */
  apply(stimulus: Stimulus, contextOf: ContextOf): Promise<Applied> {
    return this.#turns.take(async () => {
      const earlier = await this.#settleDoubt()
      if (earlier?.stimulus === stimulus) {
        return { state: this.#state, appended: earlier.segment }
      }
      if (!this.#loaded || this.#state === undefined) await this.#load()
      return this.#decide(stimulus, contextOf)
    })
  }

  async #decide(stimulus: Stimulus, contextOf: ContextOf): Promise<Applied> {
    for (;;) {
      const state = this.#state
      if (state === undefined) return { state, appended: undefined }
      const decision = decide(state, stimulus, contextOf(state))
      if (decision.entries.length === 0) return { state, appended: undefined }
      const segment = this.#segment({ ...state, n: state.next }, decision)
      this.#doubtful = { stimulus, segment }
      if (await this.#settleDoubt()) return { state: this.#state, appended: segment }
    }
  }

  /** Stores the segment in doubt, the very same one; answers it if it is there now. Else what is there is read. */
  async #settleDoubt() {
    const doubtful = this.#doubtful
    if (doubtful === undefined) return undefined
    const { segment } = doubtful
    try {
      if ((await this.#append(segment, this.#expires)) === 'conflict') {
        await this.#catchUp()
        this.#doubtful = undefined
        return undefined
      }
    } catch (error) {
      if (isFinal(error)) this.#doubtful = undefined
      throw error
    }
    this.#doubtful = undefined
    if (segment.n === this.#state?.next) this.#take([segment])
    return doubtful
  }

  /** Makes the watermark of effects durable, where no other segment will for a long time. */
  stampCarried(): Promise<void> {
    return this.#turns.take(async () => {
      for (;;) {
        const state = this.#state
        if (state === undefined || this.carried <= state.carried) return
        const segment = this.#segment({ ...state, n: state.next }, { entries: [] })
        if ((await this.#append(segment, this.#expires)) === 'appended') this.#take([segment])
        else await this.#catchUp()
      }
    })
  }

  /** Moves the whole journal's expiry to `expires` (epoch ms). */
  restamp(expires: number): Promise<void> {
    return this.#turns.take(async () => {
      const state = this.#state
      if (state === undefined || expires <= this.#expires) return
      await this.#deps.journals.restamp(this.id, state.born, state.next, expires)
      this.#expires = expires
    })
  }

  #segment(at: SegmentPlace, decision: Decision): Segment {
    const known = this.#state?.carried ?? -1
    const carried = this.carried > known ? this.carried : undefined
    return makeSegment(this.#deps, { ...at, carried }, decision)
  }

  async #append(segment: Segment, expires: number): Promise<'appended' | 'conflict'> {
    await this.#deps.faults.reach('append.before', this.id)
    const result = await this.#deps.journals.append(this.id, segment, this.#keptUntil(expires))
    if (result.kind === 'appended') await this.#deps.faults.reach('append.after', this.id)
    return result.kind
  }

  /** A later segment is never deleted before segment 0, which may be stamped anew meanwhile. */
  #keptUntil(expires: number): number {
    const retentionMs = this.#state?.created.retentionMs ?? 0
    return Math.max(expires, this.#deps.clock.now() + retentionMs)
  }

  async #catchUp(): Promise<void> {
    const state = this.#state
    if (!this.#loaded || state === undefined) return this.#load()
    const fresh = await this.#deps.journals.tail(this.id, state.born, state.next)
    this.#take(fresh)
  }

  async #load(): Promise<void> {
    const journal = await this.#deps.journals.load(this.id)
    this.#restart(journal.expires)
    this.#take(journal.segments)
  }

  #restart(expires: number): void {
    this.#segments = []
    this.#state = undefined
    this.#expires = expires
    this.#loaded = true
  }

  #take(segments: readonly Segment[]): void {
    if (segments.length === 0) return
    this.#segments = [...this.#segments, ...segments]
    this.#state =
      this.#state === undefined ? evolveAll(this.#segments) : segments.reduce(evolve, this.#state)
  }
}
