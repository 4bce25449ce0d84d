import type { Step } from './context.ts'
import type { DurablePromise } from './durable-promise.ts'
import type { RunOptions } from './options.ts'
import type { Serde } from './serde.ts'

/** Options of a saga's step: those of `ctx.run`, and how it is undone. */
export interface SagaStepOptions<T> extends RunOptions {
  readonly serde?: Serde<T> | undefined
  /** Undoes the step, given its result. It may run more than once, as any step may. */
  readonly undo?: ((result: T, step: Step) => unknown) | undefined
  /** Of the step that undoes; it is tried until it succeeds unless these say otherwise. */
  readonly undoOptions?: RunOptions | undefined
}

/** What the body of a saga is given. */
export interface Saga {
  /**
   * `ctx.run`, with what undoes it. A step that has failed is not undone: it has not taken place. Once the body has
   * failed nothing is begun any more: what it answers then never settles.
   */
  run<T>(
    name: string,
    fn: (step: Step) => T | PromiseLike<T>,
    options?: SagaStepOptions<T>,
  ): DurablePromise<T>
  /**
   * Says what undoes something that is no step: a call, a send. Say it before, where it is not known afterwards
   * whether the thing took place.
   */
  undo(name: string, fn: (step: Step) => unknown, options?: RunOptions): void
}
