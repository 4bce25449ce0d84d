import type { Receiver } from '../../domain/subscriptions/route-record.ts'
import type { HandlerDirectory } from './record-acceptor.ts'

/** Whether a handler is served; "no" is answered only by a registry that was asked after the question came. */
export interface HandlerCheck {
  serves(target: { readonly service: string; readonly handler: string }): Promise<boolean>
  /** As far as this replica has heard; `undefined`: it has not. */
  receiver(target: { readonly service: string; readonly handler: string }): Receiver | undefined
}

/** Many questions at once cost one look into the registry. */
export function createHandlerCheck(handlers: HandlerDirectory): HandlerCheck {
  let current: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined

  const refresh = (): Promise<void> => {
    next ??= current
      .catch(() => undefined)
      .then(() => {
        current = handlers.refresh()
        next = undefined
        return current
      })
    return next
  }
  return {
    receiver: ({ service, handler }) => handlers.receiver(service, handler),
    async serves({ service, handler }) {
      if (handlers.has(service, handler)) return true
      await refresh()
      return handlers.has(service, handler)
    },
  }
}
