import { promiseName, TerminalError, type WorkflowContext, workflow } from '@fermata/lambda-runtime'
import { openAccount, sendMail } from './outside.ts'

export interface User {
  readonly email: string
  readonly name: string
}

export type Signup =
  | { readonly status: 'open'; readonly account: string; readonly verifiedAt: number }
  | { readonly status: 'given up' }

interface Progress {
  user: User
  code: string
  reminded: boolean
}

/** Resolved with the time at which the address was verified. */
const verified = promiseName<number>('verified')

/** Somebody signs up: a mail with a code, a reminder, and an account once the code has come back. The key is the user's name. */
export const signup = workflow<Progress>()(
  { name: 'signup', retention: '30d' },
  {
    /** Runs once per key; to start it again answers with the same run. */
    async run(ctx, user: User): Promise<Signup> {
      const code = ctx.uuid()
      ctx.set('user', user)
      ctx.set('code', code)
      await mail(ctx, 'code', user, code)
      let verifiedAt = await ctx.promise(verified).get().orTimeout('1h', undefined)
      if (verifiedAt === undefined) {
        ctx.set('reminded', true)
        await mail(ctx, 'reminder', user, code)
        verifiedAt = await ctx.promise(verified).get().orTimeout('2d', undefined)
      }
      if (verifiedAt === undefined) return { status: 'given up' }

      const account = await ctx.run('open account', ({ signal }) =>
        openAccount(user, { idempotencyKey: `${ctx.id}/open account`, signal }),
      )
      await mail(ctx, 'welcome', user, account)
      return { status: 'open', account, verifiedAt }
    },

    /** Beside the run, while that waits. Of several right codes the first counts. */
    async verify(ctx, code: string): Promise<boolean> {
      if (code !== (await ctx.get('code'))) throw new TerminalError('wrong code', { status: 403 })
      return await ctx.promise(verified).resolve(ctx.now())
    },

    async status(ctx): Promise<'unknown' | 'verified' | 'reminded' | 'waiting'> {
      if ((await ctx.get('user')) === undefined) return 'unknown'
      if ((await ctx.promise(verified).peek()) !== undefined) return 'verified'
      return (await ctx.get('reminded')) === true ? 'reminded' : 'waiting'
    },
  },
)

async function mail(
  ctx: WorkflowContext<Progress>,
  template: string,
  { email }: User,
  text: string,
): Promise<void> {
  const step = `mail ${template}`
  await ctx.run(step, ({ signal }) =>
    sendMail({ to: email, template, text }, { idempotencyKey: `${ctx.id}/${step}`, signal }),
  )
}
