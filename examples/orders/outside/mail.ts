import { type PostOptions, post } from './post.ts'

export type Mail =
  | { readonly template: 'confirmation'; readonly order: string; readonly to: string }
  | {
      readonly template: 'cancellation'
      readonly order: string
      readonly to: string
      readonly reason: string
    }
  | { readonly template: 'review'; readonly order: string; readonly to: string }
  /** Whoever gets it answers by completing the awakeable `approval`. */
  | {
      readonly template: 'approval'
      readonly order: string
      readonly to: string
      readonly amount: number
      readonly approval: string
    }

export async function sendMail(mail: Mail, options: PostOptions): Promise<void> {
  await post('/mail/messages', mail, options)
}
