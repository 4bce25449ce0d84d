import { type ServiceContext, service } from '@fermata/lambda-runtime'
import { sendMail } from '../outside/mail.ts'
import { keyOf, patient } from './steps.ts'

export interface ReviewRequest {
  readonly order: string
  readonly to: string
}

export const reviews = service('reviews', {
  async ask(ctx: ServiceContext, { order, to }: ReviewRequest): Promise<void> {
    await ctx.run(
      'mail',
      ({ signal }) =>
        sendMail({ template: 'review', order, to }, { idempotencyKey: keyOf(ctx, 'mail'), signal }),
      patient,
    )
  },
})
