//! Values that are made from the configuration.

use domain::configuration::RuntimeConfiguration;
use ports::{Configuration, Source};
use std::sync::{Arc, Mutex, PoisonError};

type Make<T> = Box<dyn Fn(&RuntimeConfiguration) -> Result<T, Source> + Send + Sync>;

/// A value that a function makes from the configuration, such as its adapters. It is made once, and again when the
/// configuration has changed. A running request keeps the value with which it began.
pub struct Configured<T>(Kind<T>);

enum Kind<T> {
    Fixed(Arc<T>),
    Following { configuration: Arc<dyn Configuration>, make: Make<T>, made: Mutex<Made<T>> },
}

struct Made<T> {
    of: Arc<RuntimeConfiguration>,
    value: Arc<T>,
}

impl<T> Configured<T> {
    /// A value made from the current configuration, and again from each later one.
    pub fn following(
        configuration: Arc<dyn Configuration>,
        make: impl Fn(&RuntimeConfiguration) -> Result<T, Source> + Send + Sync + 'static,
    ) -> Result<Self, Source> {
        let of = configuration.current();
        let value = Arc::new(make(&of)?);
        Ok(Self(Kind::Following {
            configuration,
            make: Box::new(make),
            made: Mutex::new(Made { of, value }),
        }))
    }

    /// A fixed value, whatever the configuration is.
    pub fn fixed(value: T) -> Self {
        Self(Kind::Fixed(Arc::new(value)))
    }

    /// The value of the current configuration. If it can't be made, the value of the last configuration that worked;
    /// this is logged once for each configuration.
    pub fn current(&self) -> Arc<T> {
        let (configuration, make, made) = match &self.0 {
            Kind::Fixed(value) => return Arc::clone(value),
            Kind::Following { configuration, make, made } => (configuration, make, made),
        };
        let current = configuration.current();
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&made.of, &current) {
            match make(&current) {
                Ok(value) => made.value = Arc::new(value),
                Err(error) => tracing::error!(
                    configuration_refused = 1,
                    error = error.as_ref(),
                    "the configuration can't be used; the one before it is kept"
                ),
            }
            made.of = current;
        }
        Arc::clone(&made.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Changing(Mutex<Arc<RuntimeConfiguration>>);

    impl Changing {
        fn change(&self, fine_tuning: bool) {
            *self.0.lock().unwrap() = Arc::new(RuntimeConfiguration { fine_tuning, ..Default::default() });
        }
    }

    impl Configuration for Changing {
        fn current(&self) -> Arc<RuntimeConfiguration> {
            Arc::clone(&self.0.lock().unwrap())
        }
    }

    #[test]
    fn it_is_made_anew_only_when_the_configuration_changed() {
        let configuration = Arc::new(Changing::default());
        let configured =
            Configured::following(configuration.clone(), |configuration| Ok(configuration.fine_tuning))
                .unwrap();
        let first = configured.current();
        assert!(Arc::ptr_eq(&first, &configured.current()));
        configuration.change(true);
        assert_eq!((*first, *configured.current()), (false, true));
    }

    #[test]
    fn what_can_t_be_made_leaves_what_worked() {
        let configuration = Arc::new(Changing::default());
        let make = |configuration: &RuntimeConfiguration| {
            if configuration.fine_tuning { Err("no".into()) } else { Ok(7) }
        };
        let configured = Configured::following(configuration.clone(), make).unwrap();
        configuration.change(true);
        assert_eq!(*configured.current(), 7);
        assert!(Configured::following(configuration, make).is_err());
    }

    #[test]
    fn a_fixed_value_stays() {
        assert_eq!(*Configured::fixed(7).current(), 7);
    }
}
