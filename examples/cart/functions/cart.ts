import { lambda } from '@fermata/lambda-runtime/lambda'
import { cart } from '../cart.ts'

export const handler = lambda(cart)
