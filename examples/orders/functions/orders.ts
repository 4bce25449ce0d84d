import { lambda } from '@fermata/lambda-runtime/lambda'
import { checkout } from '../services/checkout.ts'
import { reviews } from '../services/reviews.ts'

export const handler = lambda(checkout, reviews)
