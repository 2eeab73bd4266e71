//! Objects of the form, declared once: the type, how it is read, and its shape.

/// Declares an object of the form: its type, how it is read, and what it looks like. Required fields are values, optional ones
/// `Option`s. A field may have another name in JSON: `is_final = "final"`.
macro_rules! record {
    (
        #[doc = $about:literal]
        $name:ident<$lt:lifetime> {
            required { $(#[doc = $req_about:literal] $req:ident: $req_type:ty,)* }
            optional { $(#[doc = $opt_about:literal] $opt:ident $(= $opt_name:literal)?: $opt_type:ty,)* }
        }
    ) => {
        #[doc = $about]
        #[derive(Debug)]
        pub(super) struct $name<$lt> {
            $(#[doc = $req_about] pub(super) $req: $req_type,)*
            $(#[doc = $opt_about] pub(super) $opt: Option<$opt_type>,)*
            /// The fields that the form does not have.
            pub(super) unknown: $crate::jsonl::scalar::Unknown<$lt>,
        }

        impl<$lt> $crate::jsonl::shape::Shaped for $name<$lt> {
            const SHAPE: $crate::jsonl::shape::Shape =
                $crate::jsonl::shape::Shape::Record(&$crate::jsonl::shape::Record {
                    about: $about,
                    fields: &[
                        $($crate::jsonl::shape::Field {
                            name: stringify!($req),
                            is_required: true,
                            about: $req_about,
                            shape: <$req_type as $crate::jsonl::shape::Shaped>::SHAPE,
                        },)*
                        $($crate::jsonl::shape::Field {
                            name: $crate::jsonl::record::json_name!($opt $($opt_name)?),
                            is_required: false,
                            about: $opt_about,
                            shape: <$opt_type as $crate::jsonl::shape::Shaped>::SHAPE,
                        },)*
                    ],
                });
        }

        impl<'de: $lt, $lt> serde::Deserialize<'de> for $name<$lt> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields<$lt>(std::marker::PhantomData<&$lt ()>);

                impl<'de: $lt, $lt> serde::de::Visitor<'de> for Fields<$lt> {
                    type Value = $name<$lt>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<$name<$lt>, M::Error> {
                        $(let mut $req: Option<$req_type> = None;)*
                        $(let mut $opt: Option<Option<$opt_type>> = None;)*
                        let mut unknown = $crate::jsonl::scalar::Unknown::default();
                        while let Some(key) = map.next_key::<$crate::jsonl::scalar::Key<$lt>>()? {
                            match &*key.0 {
                                "kind" => { map.next_value::<serde::de::IgnoredAny>()?; }
                                $(name if name == stringify!($req) => {
                                    if $req.is_some() {
                                        return Err(serde::de::Error::duplicate_field(stringify!($req)));
                                    }
                                    $req = Some(map.next_value()?);
                                })*
                                $(name if name == $crate::jsonl::record::json_name!($opt $($opt_name)?) => {
                                    if $opt.is_some() {
                                        return Err(serde::de::Error::duplicate_field($crate::jsonl::record::json_name!($opt $($opt_name)?)));
                                    }
                                    $opt = Some(map.next_value()?);
                                })*
                                _ => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                    unknown.push(key);
                                }
                            }
                        }
                        $(let Some($req) = $req else {
                            return Err(serde::de::Error::missing_field(stringify!($req)));
                        };)*
                        Ok($name {
                            $($req,)*
                            $($opt: $opt.flatten(),)*
                            unknown,
                        })
                    }
                }

                deserializer.deserialize_map(Fields(std::marker::PhantomData))
            }
        }
    };
}

/// The name of a field in JSON.
macro_rules! json_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}

pub(super) use json_name;
pub(super) use record;
