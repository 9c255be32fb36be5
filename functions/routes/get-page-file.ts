import { route } from '../handlers/route.ts'
import { UnknownPageFileError } from '../http/errors.ts'
import { pageFileAnswer } from '../http/page-answer.ts'
import { rejectParameters } from '../http/route-input.ts'
import { readPage } from '../page/read-page.ts'

/** `GET /_backup/ui/{file}` */
export const handler = route(
  (request) => {
    rejectParameters(request)
    return request.params['file'] ?? ''
  },
  async (name) => {
    const file = new Map(Object.entries((await readPage()).files)).get(name)
    if (file === undefined) throw new UnknownPageFileError(name)
    return pageFileAnswer(file)
  },
)
