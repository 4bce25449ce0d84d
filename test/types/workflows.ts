import {
  type Api,
  handle,
  type PromiseHandle,
  type PromiseName,
  promiseName,
  type SharedWorkflowContext,
  type Workflow,
  type WorkflowContext,
  workflow,
} from '@fermata/lambda-runtime'
import { exact } from './exact.ts'

interface User {
  readonly mail: string
}
export const verified = promiseName<string>('verified')
exact<typeof verified, PromiseName<string>>(true)

export const signup = workflow<{ step: number }>()('signup', {
  async run(ctx, user: User) {
    exact<typeof ctx, WorkflowContext<{ step: number }>>(true)
    ctx.set('step', 1)
    const handle = ctx.promise(verified)
    exact<typeof handle, PromiseHandle<string>>(true)
    const code = await handle.get()
    exact<typeof code, string>(true)
    return [user.mail, code] as const
  },
  async verify(ctx, code: string) {
    exact<typeof ctx, SharedWorkflowContext<{ step: number }>>(true)
    const first = await ctx.promise(verified).resolve(code)
    exact<typeof first, boolean>(true)
    // @ts-expect-error the promise is for text
    await ctx.promise(verified).resolve(7)
    // @ts-expect-error only `run` changes the state
    ctx.set('step', 2)
  },
  step: handle({ timeout: '1s' }, async (ctx) => {
    exact<typeof ctx, SharedWorkflowContext<{ step: number }>>(true)
    const peeked = await ctx.promise<number>('other').peek()
    exact<typeof peeked, number | undefined>(true)
    return await ctx.get('step', 0)
  }),
})

type SignupApi = Api<typeof signup>
exact<(typeof signup)['kind'], 'workflow'>(true)
exact<SignupApi['run'], (user: User) => Promise<readonly [string, string]>>(true)
exact<SignupApi['verify'], (code: string) => Promise<void>>(true)
exact<SignupApi['step'], () => Promise<number>>(true)

export const written: Workflow<'written', { run(): Promise<number> }> = workflow('written', {
  run: async () => 1,
})

// @ts-expect-error a workflow has a `run`
workflow('bad', { verify: async () => 1 })
