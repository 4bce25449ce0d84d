import { expect, onTestFinished, test } from 'vitest'
import { type CartEvent, cart } from '../../examples/cart/cart.ts'
import { startInProcess } from '../support/in-process.ts'
import { ask, eventually, stubOutside } from './outside-stub.ts'

test('the cart example reserves what it charges for, and empties the cart', async () => {
  const asked = stubOutside(() => ({}))
  const { url, stop } = await startInProcess([cart])
  onTestFinished(stop)
  const apply = (key: string, event: CartEvent) => ask(`${url}/cart/${key}/apply`, 'POST', event)
  const total = async (key: string) => (await ask(`${url}/cart/${key}/total`, 'POST')).json
  const tea = { kind: 'put', sku: 'tea', quantity: 2, price: 350 } as const

  await apply('ada', tea)
  await apply('ada', { kind: 'put', sku: 'rum', quantity: 1, price: 900 })
  await apply('ada', { kind: 'removed', sku: 'rum' })
  await apply('bob', { ...tea, quantity: 5 })
  expect(await total('ada')).toBe(700)

  // What is put while the checkout is under way is in the next cart.
  const checkout = ask(`${url}/cart/ada/checkout`, 'POST')
  await eventually(() => asked.length > 0 || undefined)
  await apply('ada', { kind: 'put', sku: 'milk', quantity: 1, price: 120 })
  expect(await checkout).toMatchObject({ status: 200, json: { order: 'ada-1', total: 700 } })
  expect(await total('ada')).toBe(120)
  expect(asked).toMatchObject([
    { path: '/warehouse/reservations', body: { order: 'ada-1', items: [{ sku: 'tea' }] } },
    { path: '/bank/charges', body: { order: 'ada-1', total: 700 } },
  ])

  await apply('ada', { kind: 'emptied' })
  expect(await ask(`${url}/cart/ada/checkout`, 'POST')).toMatchObject({ status: 409 })
  expect(await total('bob')).toBe(1_750)
})
