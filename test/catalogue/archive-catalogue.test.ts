import { startServices } from '../services.ts'
import { archiveCatalogueContract } from './archive-catalogue.contract.ts'

archiveCatalogueContract(startServices)
