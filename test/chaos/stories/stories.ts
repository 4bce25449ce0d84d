import { approved, cancelled, declined, killed, silentReviewer } from './approval.ts'
import { booked, thoughtOver, unpaid } from './booking.ts'
import { shopping } from './cart.ts'
import { comment, morning } from './digest.ts'
import { drawn } from './drawn.ts'
import { encrypted } from './encrypted.ts'
import { fanOut } from './fan-out.ts'
import { greeting } from './greeter.ts'
import { declinedOrder, orders, refusedCard, smallOrder, soldOut } from './orders.ts'
import { quickstart } from './quickstart.ts'
import { filing } from './rate-limited.ts'
import { remindedSignup, verifiedSignup } from './signup.ts'
import type { Story } from './story.ts'

export const stories: readonly Story[] = [
  quickstart,
  orders,
  smallOrder,
  declinedOrder,
  soldOut,
  refusedCard,
  verifiedSignup,
  remindedSignup,
  approved,
  declined,
  cancelled,
  killed,
  silentReviewer,
  booked,
  unpaid,
  thoughtOver,
  fanOut,
  comment,
  morning,
  encrypted,
  greeting,
  shopping,
  filing,
  drawn,
]
