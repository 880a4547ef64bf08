/** A document with one of everything that documents of the API have, and what gnostic 0.7 makes of it. */
export const DOCUMENT = {
  swagger: "2.0",
  info: { title: "Kubernetes", version: "v1.36.0" },
  paths: {
    "/apis/a/v1/things/{name}": {
      get: {
        description: "Läse",
        operationId: "readThing",
        consumes: ["application/json", "application/yaml"],
        produces: ["application/json"],
        schemes: ["https"],
        parameters: [{ in: "query", name: "limit", type: "integer", uniqueItems: true, description: "How many" }],
        responses: {
          "200": { description: "OK", schema: { $ref: "#/definitions/Thing" } },
          "401": { description: "Unauthorized" },
        },
        tags: ["a_v1"],
        "x-kubernetes-action": "get",
        "x-kubernetes-group-version-kind": { group: "a", kind: "Thing", version: "v1" },
      },
      put: {
        description: "",
        operationId: "replaceThing",
        consumes: ["*/*"],
        produces: ["application/json"],
        schemes: ["https"],
        parameters: [{ in: "body", name: "body", required: true, schema: { $ref: "#/definitions/Thing" } }],
        responses: { "200": { description: "OK", schema: { type: "string" } } },
        tags: ["a_v1"],
      },
      parameters: [{ in: "path", name: "name", required: true, type: "string", uniqueItems: true }],
    },
  },
  definitions: {
    Any: { description: "Anything", "x-kubernetes-preserve-unknown-fields": true },
    Empty: { type: "object", properties: {} },
    Thing: {
      description: 'A "thing" – ünïcode 😀',
      type: "object",
      required: ["spec"],
      properties: {
        "x-odd": { type: "string", format: "byte" },
        list: {
          type: "array",
          items: { $ref: "#/definitions/Any" },
          "x-kubernetes-list-map-keys": ["name", "port"],
          "x-kubernetes-list-type": "map",
          "x-kubernetes-patch-strategy": "merge,retainKeys",
          "x-kubernetes-patch-merge-key": "name",
        },
        closed: { type: "object", additionalProperties: false },
        map: {
          type: "object",
          additionalProperties: {
            type: "integer",
            format: "int32",
            default: 0,
            minimum: -1.5,
            maximum: 9007199254740991,
            multipleOf: 0.5,
            exclusiveMinimum: true,
          },
        },
        spec: {
          type: "string",
          enum: ["Always", "1", ""],
          minLength: 1,
          maxLength: 300,
          pattern: "^a+$",
          example: "true",
        },
      },
      "x-kubernetes-group-version-kind": [
        { group: "", kind: "Thing", version: "v1" },
        { group: "a", kind: "Thing", version: "v1" },
      ],
      "x-kubernetes-unions": [{ discriminator: "kind", "fields-to-discriminateBy": { group: "Group" } }],
    },
  },
  security: [{ BearerToken: [] }],
  securityDefinitions: {
    BearerToken: { description: "A bearer token", in: "header", name: "authorization", type: "apiKey" },
  },
};

/** In base64. */
export const BY_GNOSTIC = [
  "CgMyLjASFQoKS3ViZXJuZXRlcxIHdjEuMzYuMELuAxLrAwoYL2FwaXMvYS92MS90aGluZ3Mve25hbWV9Es4DEqsCCgRhX3YxGgVMw6RzZSoJ",
  "cmVhZFRoaW5nMhBhcHBsaWNhdGlvbi9qc29uOhBhcHBsaWNhdGlvbi9qc29uOhBhcHBsaWNhdGlvbi95YW1sQioKKBImGiQSBXF1ZXJ5GghI",
  "b3cgbWFueSIFbGltaXQyB2ludGVnZXKgAQFKQQomCgMyMDASHwodCgJPSxIXChUKEyMvZGVmaW5pdGlvbnMvVGhpbmcKFwoDNDAxEhAKDgoM",
  "VW5hdXRob3JpemVkUgVodHRwc2odChN4LWt1YmVybmV0ZXMtYWN0aW9uEgYSBGdldApqRgofeC1rdWJlcm5ldGVzLWdyb3VwLXZlcnNpb24t",
  "a2luZBIjEiFncm91cDogYQpraW5kOiBUaGluZwp2ZXJzaW9uOiB2MQoafQoEYV92MSoMcmVwbGFjZVRoaW5nMhBhcHBsaWNhdGlvbi9qc29u",
  "OgMqLypCKQonCiUSBGJvZHkaBGJvZHkgASoVChMjL2RlZmluaXRpb25zL1RoaW5nSh4KHAoDMjAwEhUKEwoCT0sSDQoLsgEICgZzdHJpbmdS",
  "BWh0dHBzSh8KHRIbIhkIARIEcGF0aCIEbmFtZSoGc3RyaW5nmAEBSqYGCkMKA0FueRI8IghBbnl0aGluZ/oBLwokeC1rdWJlcm5ldGVzLXBy",
  "ZXNlcnZlLXVua25vd24tZmllbGRzEgcSBXRydWUKChcKBUVtcHR5Eg6yAQgKBm9iamVjdMoBAArFBQoFVGhpbmcSuwUiHEEgInRoaW5nIiDi",
  "gJMgw7xuw69jb2RlIPCfmICaAQRzcGVjsgEICgZvYmplY3TKAbEDChoKBXgtb2RkEhESBGJ5dGWyAQgKBnN0cmluZwreAQoEbGlzdBLVAbIB",
  "BwoFYXJyYXm6ARUKEwoRIy9kZWZpbml0aW9ucy9Bbnn6AS4KGngta3ViZXJuZXRlcy1saXN0LW1hcC1rZXlzEhASDi0gbmFtZQotIHBvcnQK",
  "+gEgChZ4LWt1YmVybmV0ZXMtbGlzdC10eXBlEgYSBG1hcAr6ATIKG3gta3ViZXJuZXRlcy1wYXRjaC1zdHJhdGVneRITEhFtZXJnZSxyZXRh",
  "aW5LZXlzCvoBJwoceC1rdWJlcm5ldGVzLXBhdGNoLW1lcmdlLWtleRIHEgVuYW1lCgoaCgZjbG9zZWQSEKoBAhAAsgEICgZvYmplY3QKTQoD",
  "bWFwEkaqATgKNhIFaW50MzIqBBICMAoxAAAAAAAA4D85////////P0NJAAAAAAAA+L9QAbIBCQoHaW50ZWdlcrIBCAoGb2JqZWN0CkcKBHNw",
  "ZWMSP1isAmABagReYSskogEJEgdBbHdheXMKogEGEgQiMSIKogEFEgMiIgqyAQgKBnN0cmluZ/IBCRIHInRydWUiCvoBdAofeC1rdWJlcm5l",
  "dGVzLWdyb3VwLXZlcnNpb24ta2luZBJREk8tIGdyb3VwOiAiIgogIGtpbmQ6IFRoaW5nCiAgdmVyc2lvbjogdjEKLSBncm91cDogYQogIGtp",
  "bmQ6IFRoaW5nCiAgdmVyc2lvbjogdjEK+gFcChN4LWt1YmVybmV0ZXMtdW5pb25zEkUSQy0gZGlzY3JpbWluYXRvcjoga2luZAogIGZpZWxk",
  "cy10by1kaXNjcmltaW5hdGVCeToKICAgIGdyb3VwOiBHcm91cApiEQoPCgtCZWFyZXJUb2tlbhIAakIKQAoLQmVhcmVyVG9rZW4SMRIvCgZh",
  "cGlLZXkSDWF1dGhvcml6YXRpb24aBmhlYWRlciIOQSBiZWFyZXIgdG9rZW4=",
].join("");
