import { listArchives } from '../../shared/catalogue/list-archives.ts'
import { route } from '../handlers/route.ts'
import { listArchivesParameters } from '../http/archive-parameters.ts'
import { archiveListView } from '../http/archive-view.ts'
import { queryObject } from '../http/http-request.ts'

/** `GET /_backup/archives` */
export const handler = route(
  ({ query }) => listArchivesParameters(queryObject(query)),
  async (options, services) => ({ status: 200, body: archiveListView(await listArchives(services, options)) }),
)
