import { importAnswer, importInput } from '../http/import-answer.ts'
import { jsonRoute } from '../handlers/route.ts'
import { modelOf } from '../http/route-input.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `POST /{model}/import` */
export const handler = jsonRoute(
  async (request) => {
    const model = modelOf(request)
    const { models } = await currentServices()
    models.get(model)
    return { model, input: await importInput(request) }
  },
  async ({ model, input }) => importAnswer(await currentServices(), input, model),
)
