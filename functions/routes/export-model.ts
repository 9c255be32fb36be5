import { exportRequest } from '../../shared/export/request.ts'
import { modelExportParameters } from '../http/export-parameters.ts'
import { exportAnswer } from '../http/export-answer.ts'
import { jsonRoute } from '../handlers/route.ts'
import { callerOf, modelOf, parametersOf } from '../http/route-input.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `GET|POST /{model}/export` */
export const handler = jsonRoute(
  async (request) => {
    const { models } = await currentServices()
    const model = modelOf(request)
    models.get(model)
    const parameters = modelExportParameters(parametersOf(request))
    return { parameters, wanted: exportRequest(parameters, models, model), caller: callerOf(request) }
  },
  async ({ parameters, wanted, caller }) => exportAnswer(await currentServices(), wanted, parameters, caller),
)
