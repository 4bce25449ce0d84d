import type { InvocationId } from '@fermata/lambda-runtime/protocol'
import type { Chance } from '../chance.ts'
import { mostInBatch } from '../handlers.ts'
import { type Story, submit } from '../story.ts'

/** Sends that go together: in batches each once, and none too many; of those that wait for quiet some, the last one too. */
export function gathers(chance: Chance, mostMs: number): Story {
  const posted: { readonly item: number; id: InvocationId | undefined }[] = chance.times(
    chance.between(1, 8),
    (item) => ({ item, id: undefined }),
  )
  return {
    name: 'gathers',
    acts: posted.map((one) => ({
      at: chance.below(mostMs),
      what: `posts ${one.item}`,
      play: async (stage) => {
        const target = { service: 'poster', handler: 'post' }
        one.id = await submit(stage, { target, input: one.item, key: `post ${one.item}` })
        return one.id !== undefined
      },
    })),
    isOver: ({ told }) => {
      const batched = told.filter(({ key }) => key.startsWith('batch ')).flatMap(({ body }) => body)
      const isLastGone = told.some(({ key }) => key.startsWith('last '))
      const count = posted.filter(({ id }) => id !== undefined).length
      return batched.length >= count && (isLastGone || count === 0)
    },
    violations({ told }) {
      const found: string[] = []
      const batches = told.flatMap(({ key, body }) =>
        key.startsWith('batch ') ? [body as readonly number[]] : [],
      )
      const inOrder = (items: readonly number[]) => items.toSorted((a, b) => a - b).join()
      const wanted = posted.flatMap(({ item, id }) => (id === undefined ? [] : [item]))
      const batched = inOrder(batches.flat())
      if (batched !== inOrder(wanted)) {
        found.push(`INV-5: posted ${wanted}, in batches ${batched}`)
      }
      for (const batch of batches) {
        if (batch.length > mostInBatch) found.push(`a batch of ${batch.length}`)
      }
      const lasts = told.flatMap(({ key, body }) => (key.startsWith('last ') ? [body] : []))
      if (new Set(lasts).size !== lasts.length) found.push(`one send went twice: ${lasts}`)
      return found
    },
  }
}
