import { exportRequest } from '../../shared/export/request.ts'
import { allExportParameters } from '../http/export-parameters.ts'
import { exportAnswer } from '../http/export-answer.ts'
import { jsonRoute } from '../handlers/route.ts'
import { callerOf, parametersOf } from '../http/route-input.ts'
import { currentServices } from '../../shared/runtime/current-services.ts'

/** `GET|POST /_backup/export` */
export const handler = jsonRoute(
  async (request) => {
    const parameters = allExportParameters(parametersOf(request))
    const { models } = await currentServices()
    return { parameters, wanted: exportRequest(parameters, models), caller: callerOf(request) }
  },
  async ({ parameters, wanted, caller }) => exportAnswer(await currentServices(), wanted, parameters, caller),
)
