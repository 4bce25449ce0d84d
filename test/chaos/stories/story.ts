import type { Definition } from '../../../lambda-runtime/src/index.ts'
import type { Answer } from '../outside.ts'
import type { Stage } from '../stage.ts'

/** An example, and how it is played. */
export type Story = {
  readonly name: string
  readonly functions: Readonly<Record<string, readonly Definition[]>>
  readonly outside: Answer
  /** Plays it to its end. The answer is compared between runs: outputs, without what depends on time. */
  readonly play: (stage: Stage) => Promise<unknown>
}
