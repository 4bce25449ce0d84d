import type { Interceptors } from '../types/interceptors.ts'

type Around<C> = (call: C, next: () => Promise<unknown>) => Promise<unknown>

/** One for all; the first is the outermost. */
export function composeInterceptors(layers: readonly Interceptors[]): Interceptors {
  return {
    handler: compose(layers.map((layer) => layer.handler)),
    run: compose(layers.map((layer) => layer.run)),
  }
}

function compose<C>(layers: readonly (Around<C> | undefined)[]): Around<C> | undefined {
  return layers
    .filter((layer) => layer !== undefined)
    .reduceRight<Around<C> | undefined>(
      (inner, outer) =>
        inner === undefined ? outer : (call, next) => outer(call, () => inner(call, next)),
      undefined,
    )
}
