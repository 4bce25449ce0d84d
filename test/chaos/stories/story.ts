import type { Effect, Outside } from '../outside.ts'
import type { Stage, StageOptions } from '../stage.ts'

/** An example, and how it is played. */
export type Story = Pick<StageOptions, 'functions' | 'sealing' | 'startMs'> & {
  readonly name: string
  /** Time passes in which nothing happens, and to simulate that takes long. */
  readonly isLong?: boolean
  readonly outside: ConstructorParameters<typeof Outside>[0]
  /** Where the world outside is not behind `fetch`. The answer undoes it. */
  readonly reach?: (outside: Outside) => () => void
  /** Plays it to its end. The answer is compared between runs: outputs, without what depends on time. */
  readonly play: (stage: Stage) => Promise<unknown>
  /** The effects, without what may differ between runs; by default there is no such thing. */
  readonly compared?: (effects: readonly Effect[]) => unknown
}
