import { connect } from '@fermata/lambda-runtime/client'
import { expect, onTestFinished, test } from 'vitest'
import { bookings } from '../../examples/booking-saga/bookings.ts'
import { startInProcess } from '../support/in-process.ts'
import { ask, eventually, stubOutside } from './outside-stub.ts'

const trip = { traveller: 'Ada', from: 'LHR', to: 'TRN', nights: 2, price: 42_000 }

test('the booking example undoes what it has booked when it is cancelled', async () => {
  const asked = stubOutside((path) => ({ number: `${path.split('/')[1]}-1` }))
  const { url, adminUrl, stop } = await startInProcess([bookings])
  onTestFinished(stop)
  const sent = await connect(url).send(bookings).book(trip)
  await eventually(async () => {
    const { json } = await ask(`${adminUrl}/invocations/${sent.invocationId}`, 'GET')
    return (json as { status: string }).status === 'suspended' || undefined
  })

  await ask(`${adminUrl}/invocations/${sent.invocationId}/cancel`, 'POST')
  await expect(sent.attach()).rejects.toMatchObject({ name: 'CancelledError', code: 'cancelled' })
  expect(asked.map(({ path, body }) => [path, (body as { booking?: string }).booking])).toEqual([
    ['/flights/book', undefined],
    ['/hotels/book', undefined],
    ['/hotels/cancel', 'hotels-1'],
    ['/flights/cancel', 'flights-1'],
  ])
})
