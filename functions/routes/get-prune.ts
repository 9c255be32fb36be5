import { explainPrune } from '../../shared/schedules/explain-prune.ts'
import { logger } from '../../shared/telemetry/telemetry.ts'
import { route } from '../handlers/route.ts'
import { queryObject } from '../http/http-request.ts'
import { pruneParameters } from '../http/prune-parameters.ts'

/** `GET /_backup/prune` */
export const handler = route(
  ({ query }) => pruneParameters(queryObject(query)),
  async (parameters, services) => ({
    status: 200,
    body: await explainPrune(services, parameters, (failure, error) => {
      logger.error('the next pruning cannot be explained', { failure, cause: error })
    }),
  }),
)
