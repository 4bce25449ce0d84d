import { lambda } from '@fermata/lambda-runtime/lambda'
import { signup } from '../signup.ts'

export const handler = lambda(signup)
