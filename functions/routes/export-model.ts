import { exportRequest } from '../../shared/export/request.ts'
import { route } from '../handlers/route.ts'
import { acceptsArchive } from '../http/accept-header.ts'
import { exportAnswer } from '../http/export-answer.ts'
import { modelExportParameters } from '../http/export-parameters.ts'
import { callerOf, modelOf, parametersOf } from '../http/route-input.ts'

/** `GET|POST /{model}/export` */
export const handler = route((request, { models }) => {
  const { name } = models.get(modelOf(request))
  const parameters = modelExportParameters(parametersOf(request), { redirectByDefault: acceptsArchive(request) })
  return { parameters, request: exportRequest(parameters, models, name), caller: callerOf(request) }
}, exportAnswer)
