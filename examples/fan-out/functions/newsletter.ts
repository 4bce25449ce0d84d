import { lambda } from '@fermata/lambda-runtime/lambda'
import { newsletter, post } from '../newsletter.ts'

export const handler = lambda(newsletter, post)
