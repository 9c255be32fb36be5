import { route } from '../handlers/route.ts'
import { importAnswer, importInput } from '../http/import-answer.ts'
import { modelOf } from '../http/route-input.ts'
import { specStarAnswer } from '../http/specstar-answer.ts'

/** `POST /{model}/import` */
export const handler = route(
  async (request, { models }) => {
    const { name } = models.get(modelOf(request))
    return { ...(await importInput(request)), routeModel: name }
  },
  importAnswer,
  specStarAnswer,
)
