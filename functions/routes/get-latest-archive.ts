import { NoArchiveError } from '../../shared/catalogue/errors.ts'
import { latestArchive } from '../../shared/catalogue/list-archives.ts'
import { route } from '../handlers/route.ts'
import { latestArchiveParameters } from '../http/archive-parameters.ts'
import { archiveView } from '../http/archive-view.ts'
import { queryObject } from '../http/http-request.ts'

/** `GET /_backup/archives/latest`. Throws `NoArchiveError` if no archive matches. */
export const handler = route(
  ({ query }) => latestArchiveParameters(queryObject(query)),
  async (filter, services) => {
    const latest = await latestArchive(services, filter)
    if (latest === undefined) throw new NoArchiveError(filter)
    return { status: 200, body: archiveView(latest) }
  },
)
