import { decideArchive } from '../../shared/schedules/decide-archive.ts'
import { route } from '../handlers/route.ts'
import { decisionOf } from '../http/route-input.ts'

/** `POST /_backup/schedules/{name}/confirm`. Confirms or, with `reject`, rejects a suspicious archive. */
export const handler = route(
  (request) => ({ decision: decisionOf(request), caller: request.caller }),
  async ({ decision, caller }, services) => ({ status: 200, body: await decideArchive(services, decision, caller) }),
)
