import type { Context, RunOptions } from '@fermata/lambda-runtime'

/** For calls to the world outside: each try may take five seconds, and there are many. */
export const patient: RunOptions = {
  timeout: '5s',
  retry: { initialDelay: '100ms', maxDelay: '30s', maxAttempts: 20 },
}

/** One step of one invocation: the same for every try, and after every crash. */
export function keyOf(ctx: Context, step: string): string {
  return `${ctx.id}/${step}`
}
