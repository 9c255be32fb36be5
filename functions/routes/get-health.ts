import { withShorterBudget } from '../../shared/throttling/call-context.ts'
import { route } from '../handlers/route.ts'
import { healthView } from '../http/health-view.ts'
import { rejectParameters } from '../http/route-input.ts'

/**
 * The time in milliseconds for which a throttled call is repeated. A monitor expects an answer within a few seconds.
 */
const CALL_MS = 1_000

/** `GET /_backup/health`. Responds with a problem if the job table cannot be read. */
export const handler = route(rejectParameters, async (_, services) => ({
  status: 200,
  body: await withShorterBudget(CALL_MS, () => healthView(services)),
}))
