import { route } from '../handlers/route.ts'
import { queryObject } from '../http/http-request.ts'
import { listJobs, listParameters } from '../http/job-list.ts'

/** `GET /_backup/jobs` */
export const handler = route(
  ({ query }) => listParameters(queryObject(query)),
  async (parameters, services) => ({ status: 200, body: await listJobs(services, parameters) }),
)
