import { lambda } from '@fermata/lambda-runtime/lambda'
import { bookings } from '../bookings.ts'

export const handler = lambda(bookings)
