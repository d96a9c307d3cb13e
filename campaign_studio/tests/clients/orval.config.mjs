const input = "./openapi.json";

export default {
  query: { input, output: { target: "./generated/query.ts", client: "react-query", httpClient: "fetch" } },
  zod: {
    input,
    output: {
      target: "./generated/zod.ts",
      client: "zod",
      // A property that the document doesn't name is an error too.
      override: { zod: { generateEachHttpStatus: true, strict: { response: true } } },
    },
  },
};
