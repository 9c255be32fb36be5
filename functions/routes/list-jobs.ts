import { queryObject } from '../http/http-request.ts'
import { listJobs, listParameters } from '../http/job-list.ts'
import { jsonRoute } from '../handlers/route.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `GET /_backup/jobs` */
export const handler = jsonRoute(
  ({ query }) => listParameters(queryObject(query)),
  async (parameters) => ({ status: 200, body: await listJobs(await currentServices(), parameters) }),
)
